/** A message that has not been sent: why, and what can be done about it. */

import type { OutboxEntry } from "../../src/index.js";
import type { Actions } from "../main.js";
import { type Children, button, el, icon, setText } from "./dom.js";

const SMALL = { class: "button small" };
const QUIET = { class: "button small quiet" };

export class UnsentMessage {
  readonly root: HTMLLIElement;
  readonly #actions: Actions;
  readonly #text = el("div", { class: "bubble", dir: "auto" });
  readonly #state = el("div", { class: "delivery" });
  #entry: OutboxEntry;
  #online: boolean | null = null;

  constructor(entry: OutboxEntry, actions: Actions) {
    this.#entry = entry;
    this.#actions = actions;
    const heading = el("h2", { class: "visually-hidden", text: "You wrote, not sent yet" });
    const row = el("div", { class: "bubble-row" }, this.#text);
    this.root = el("li", { class: "message from-user is-unsent" }, heading, row, this.#state);
  }

  update(entry: OutboxEntry, online: boolean): void {
    if (entry === this.#entry && online === this.#online) return;
    this.#entry = entry;
    this.#online = online;
    setText(this.#text, entry.text);
    this.#state.replaceChildren(...this.#describe(entry, online).filter((child): child is Node => child instanceof Node));
  }

  #describe({ state, error, attempted, clientMessageId }: OutboxEntry, online: boolean): Children {
    const discard = button("Discard", () => this.#actions.cancelUnsent(clientMessageId), QUIET);
    const edit = !attempted && button("Edit", () => this.#edit(), QUIET);
    if (state === "waiting") {
      const text = online ? "Will be sent when the current reply is done" : "Will be sent when you are back online";
      return [el("span", { text }), edit, discard];
    }
    const reason = error ? [error.title, error.detail].filter(Boolean).join(". ") : "Held back";
    const look = { class: error ? "problem" : "held" };
    const retry = button(error ? "Retry" : "Send now", () => this.#actions.sendUnsent(), SMALL);
    return [el("span", look, error && icon("alert"), el("span", { text: reason })), retry, edit, discard];
  }

  #edit(): void {
    const { clientMessageId, text } = this.#entry;
    const input = el("textarea", { class: "edit-unsent", "aria-label": "Message that is not sent yet", dir: "auto", rows: 3 });
    const close = () => {
      input.replaceWith(this.#text);
      this.#online = null;
      this.update(this.#entry, navigator.onLine);
    };
    const save = () => {
      const changed = input.value.trim();
      close();
      if (changed !== "" && changed !== text) this.#actions.editUnsent(clientMessageId, changed);
    };
    input.value = text;
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    this.#text.replaceWith(input);
    this.#state.replaceChildren(button("Save", save, SMALL), button("Cancel", close, QUIET));
    input.focus();
  }
}
