/** A learner's message: the words as typed. */

import type { ChatSnapshot } from "../../src/index.js";
import { copyButton } from "./clipboard.js";
import { until } from "./count-down.js";
import { el } from "./dom.js";
import type { MessageView, Row } from "./row.js";

export class UserMessage implements MessageView {
  readonly root: HTMLLIElement;
  readonly #text = el("div", { class: "bubble" });
  readonly #tools = el("div", { class: "tools" });
  readonly #delivery = el("div", { class: "delivery" });

  constructor() {
    this.#tools.append(copyButton("Copy message", () => this.#text.textContent ?? ""));
    const heading = el("h2", { class: "visually-hidden", text: "You said" });
    const row = el("div", { class: "bubble-row" }, this.#tools, this.#text);
    this.root = el("li", { class: "message from-user" }, heading, row, this.#delivery);
  }

  update({ message, chat }: Row): boolean {
    const sending = message.delivery === "sending";
    this.#text.textContent = message.content;
    this.#tools.hidden = sending;
    this.#delivery.replaceChildren(...(sending ? sendingWords(chat) : []));
    return false;
  }
}

/** Why it takes so long, and when it is tried again. */
function sendingWords(chat: ChatSnapshot | null): Node[] {
  const { connectionError: error = null, reconnectAt = null } = chat ?? {};
  if (error === null || reconnectAt === null) return [el("span", { class: "sending", text: "Sending…" })];
  return [el("span", { class: "sending", text: `${error.title}; trying again` }), until(reconnectAt)];
}
