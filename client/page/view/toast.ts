/** A short-lived message about something that did not work. */

import type { PageState, Toast } from "../state.js";
import { byId, el, iconButton } from "./dom.js";

const TOAST_MS = 8000;

export class ToastView {
  readonly #slot = byId("toast");
  readonly #dismiss: () => void;
  #shown: Toast | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(dismiss: () => void) {
    this.#dismiss = dismiss;
  }

  update({ toast }: PageState): void {
    if (toast === this.#shown) return;
    this.#shown = toast;
    clearTimeout(this.#timer);
    this.#slot.replaceChildren();
    if (toast === null) return;
    this.#timer = setTimeout(this.#dismiss, TOAST_MS);
    const words = el("div", {}, el("strong", { text: toast.title }), toast.detail && el("span", { text: toast.detail }));
    this.#slot.append(el("div", { class: "toast" }, words, iconButton("close", "Dismiss", this.#dismiss)));
  }
}
