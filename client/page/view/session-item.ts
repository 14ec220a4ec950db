/** One conversation in the list. Its title is changed in place. */

import type { Session } from "../../src/index.js";
import type { Actions } from "../main.js";
import { el, iconButton } from "./dom.js";

const LONGEST_TITLE = 200;

export class SessionItem {
  readonly root: HTMLLIElement;
  readonly #actions: Actions;
  readonly #link: HTMLAnchorElement;
  readonly #rename: HTMLButtonElement;
  readonly #remove: HTMLButtonElement;
  #session: Session;

  constructor(session: Session, actions: Actions) {
    this.#session = session;
    this.#actions = actions;
    const href = `#/sessions/${encodeURIComponent(session.id)}`;
    this.#link = el("a", { class: "session-link", href, dir: "auto", on: { click: () => actions.closeDrawer() } });
    this.#rename = iconButton("pencil", "Rename", () => this.#edit());
    this.#remove = iconButton("trash", "Delete", () => actions.remove(this.#session));
    const tools = el("div", { class: "session-tools" }, this.#rename, this.#remove);
    this.root = el("li", { class: "session" }, this.#link, tools);
  }

  update(session: Session, current: boolean): void {
    this.#session = session;
    const title = session.title || "Untitled chat";
    this.#link.textContent = title;
    this.#link.title = title;
    if (current) this.#link.setAttribute("aria-current", "page");
    else this.#link.removeAttribute("aria-current");
    this.#rename.setAttribute("aria-label", `Rename “${title}”`);
    this.#remove.setAttribute("aria-label", `Delete “${title}”`);
  }

  #edit(): void {
    const input = el("input", { class: "rename", "aria-label": "Title", dir: "auto", maxlength: LONGEST_TITLE, autocomplete: "off" });
    let open = true;
    const close = (save: boolean) => {
      if (!open) return;
      open = false;
      const title = input.value.trim();
      input.replaceWith(this.#link);
      this.root.classList.remove("is-editing");
      if (save && title && title !== this.#session.title) this.#actions.rename(this.#session.id, title);
    };
    input.value = this.#session.title;
    input.addEventListener("blur", () => close(true));
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
      // Without this the same key press would activate the button that gets the focus.
      event.preventDefault();
      event.stopPropagation();
      close(event.key === "Enter");
      this.#rename.focus();
    });
    this.root.classList.add("is-editing");
    this.#link.replaceWith(input);
    input.select();
    input.focus();
  }
}
