/** A learner's message: Markdown and formulas as in the replies to it. */

import type { ChatSnapshot } from "../../src/index.js";
import { copyButton } from "./clipboard.js";
import { until } from "./count-down.js";
import { el } from "./dom.js";
import { Prose } from "./prose.js";
import type { MessageView, Row } from "./row.js";

export class UserMessage implements MessageView {
  readonly root: HTMLLIElement;
  readonly #bubble = el("div", { class: "bubble prose", dir: "auto" });
  readonly #text = new Prose(this.#bubble, true);
  readonly #tools = el("div", { class: "tools" });
  readonly #delivery = el("div", { class: "delivery" });
  #content = "";
  #unfinished = false;

  constructor() {
    this.#tools.append(copyButton("Copy message", () => this.#content));
    const heading = el("h2", { class: "visually-hidden", text: "You said" });
    const row = el("div", { class: "bubble-row" }, this.#tools, this.#bubble);
    this.root = el("li", { class: "message from-user" }, heading, row, this.#delivery);
  }

  update({ message, chat }: Row): boolean {
    const sending = message.delivery === "sending";
    if (message.content !== this.#content || this.#unfinished) this.#unfinished = this.#text.show(message.content, false);
    this.#content = message.content;
    this.#tools.hidden = sending;
    this.#delivery.replaceChildren(...(sending ? sendingWords(chat) : []));
    return this.#unfinished;
  }
}

/** Why it takes so long, and when it is tried again. */
function sendingWords(chat: ChatSnapshot | null): Node[] {
  const { connectionError: error = null, reconnectAt = null } = chat ?? {};
  if (error === null || reconnectAt === null) return [el("span", { class: "sending", text: "Sending…" })];
  return [el("span", { class: "sending", text: `${error.title}; trying again` }), until(reconnectAt)];
}
