// A learner's message: the words as typed, and whether they have reached the server.

import { copyButton } from "./clipboard.js";
import { button, el, icon } from "./dom.js";

export class UserMessage {
  #actions;
  #text = el("div", { class: "bubble" });
  #state = el("div", { class: "delivery" });
  #tools = el("div", { class: "tools" });

  constructor(actions) {
    this.#actions = actions;
    this.#tools.append(copyButton("Copy message", () => this.#text.textContent));
    const heading = el("h2", { class: "visually-hidden", text: "You said" });
    const row = el("div", { class: "bubble-row" }, this.#tools, this.#text);
    this.root = el("li", { class: "message from-user" }, heading, row, this.#state);
  }

  update({ message, busy }) {
    this.#text.textContent = message.content;
    this.root.classList.toggle("is-unsent", message.delivery === "failed" || message.delivery === "waiting");
    this.#tools.hidden = Boolean(message.delivery);
    this.#state.replaceChildren(...this.#delivery(message, busy));
  }

  #delivery(message, busy) {
    if (message.delivery === "waiting") return [el("span", { text: waitingText(message) })];
    if (message.delivery !== "failed") return [];
    const { title, detail } = message.error ?? { title: "Not sent", detail: "" };
    const id = message.clientMessageId;
    return [
      el("span", { class: "problem" }, icon("alert"), el("span", { text: detail ? `${title}. ${detail}` : title })),
      button("Retry", () => this.#actions.retry(id), { class: "button small", disabled: busy }),
      button("Discard", () => this.#actions.discard(id), { class: "button small quiet" }),
    ];
  }
}

function waitingText({ error }) {
  if (error?.code === "turn-running") return "Will be sent when the current reply is done";
  return "Will be sent when you are back online";
}
