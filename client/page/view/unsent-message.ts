/** A message that has not been sent: why, when it is tried again, and what can be done about it. */

import type { UnsentMessage as Unsent } from "../../src/index.js";
import type { Actions } from "../main.js";
import { until } from "./count-down.js";
import { type Children, button, el, icon, setText } from "./dom.js";

const SMALL = { class: "button small" };
const QUIET = { class: "button small quiet" };

export class UnsentMessage {
  readonly root: HTMLLIElement;
  readonly #actions: Actions;
  readonly #text = el("div", { class: "bubble", dir: "auto" });
  readonly #state = el("div", { class: "delivery" });
  #entry: Unsent;
  #isStale = true;
  #isEditing = false;

  constructor(entry: Unsent, actions: Actions) {
    this.#entry = entry;
    this.#actions = actions;
    const heading = el("h2", { class: "visually-hidden", text: "You wrote, not sent yet" });
    const row = el("div", { class: "bubble-row" }, this.#text);
    this.root = el("li", { class: "message from-user is-unsent" }, heading, row, this.#state);
  }

  update(entry: Unsent): void {
    if (!this.#isStale && isSame(entry, this.#entry)) return;
    this.#entry = entry;
    if (this.#isEditing) return;
    this.#isStale = false;
    setText(this.#text, entry.text);
    this.#state.replaceChildren(...this.#describe(entry).filter((child): child is Node => child instanceof Node));
  }

  #describe({ reason, nextTryAt, actions, clientMessageId }: Unsent): Children {
    const discard = button("Discard", () => this.#actions.cancelUnsent(clientMessageId), QUIET);
    const edit = actions.includes("edit") && button("Edit", () => this.#edit(), QUIET);
    const isHeld = reason === "stopped" || reason === "reply-failed";
    const send = () => this.#actions.retryUnsent(clientMessageId);
    const retry = actions.includes("retry") && button(isHeld ? "Send now" : "Retry", send, SMALL);
    const again = nextTryAt !== null && el("span", { class: "next-try" }, "Tried again ", until(nextTryAt));
    return [this.#say(this.#entry, isHeld), again, retry, edit, discard];
  }

  #say({ reason, words, mayHaveArrived }: Unsent, isHeld: boolean): HTMLElement {
    const isProblem = reason === "refused" || reason === "limited" || reason === "unreachable";
    const arrived = mayHaveArrived ? "An earlier try of it may have arrived." : "";
    const text = [words.title, words.detail, arrived].filter(Boolean).join(isProblem ? ". " : " ").replaceAll("..", ".");
    const look = isProblem ? { class: "problem" } : isHeld ? { class: "held" } : {};
    return el("span", look, isProblem && icon("alert"), el("span", { text }));
  }

  #edit(): void {
    const { clientMessageId, text } = this.#entry;
    const input = el("textarea", { class: "edit-unsent", "aria-label": "Message that is not sent yet", dir: "auto", rows: 3 });
    const close = () => {
      input.replaceWith(this.#text);
      this.#isEditing = false;
      this.#isStale = true;
      this.update(this.#entry);
    };
    const save = () => {
      const changed = input.value.trim();
      close();
      if (changed !== "" && changed !== text) this.#actions.editUnsent(clientMessageId, changed);
    };
    this.#isEditing = true;
    input.value = text;
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    this.#text.replaceWith(input);
    this.#state.replaceChildren(button("Save", save, SMALL), button("Cancel", close, QUIET));
    input.focus();
  }
}

/** What is drawn of both is the same: anything else would take the focus from a button for nothing. */
function isSame(one: Unsent, other: Unsent): boolean {
  const drawn = ({ text, reason, words, nextTryAt, mayHaveArrived, actions }: Unsent) =>
    [text, reason, words.title, words.detail, nextTryAt, mayHaveArrived, ...actions].join("\n");
  return drawn(one) === drawn(other);
}
