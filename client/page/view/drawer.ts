/** Opens and closes the side bar: a column on wide screens, a modal drawer on narrow ones. */

import { byId } from "./dom.js";

const KEY = "tutorstream.sidebar";

export class Drawer {
  readonly #narrow = window.matchMedia("(max-width: 760px)");
  readonly #toggle = byId("toggle-sidebar");
  readonly #sidebar = byId("sidebar");
  readonly #main = byId("main");

  constructor() {
    this.#toggle.addEventListener("click", () => this.#set(!this.open));
    byId("close-sidebar").addEventListener("click", () => this.close());
    byId("backdrop").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.closeIfNarrow();
    });
    this.#narrow.addEventListener("change", () => this.#restore());
    this.#restore();
  }

  get open(): boolean {
    return document.body.classList.contains("sidebar-open");
  }

  close(): void {
    this.#set(false);
    this.#toggle.focus();
  }

  closeIfNarrow(): void {
    if (this.#narrow.matches && this.open) this.close();
  }

  #restore(): void {
    this.#apply(!this.#narrow.matches && remembered() !== "closed");
  }

  #set(open: boolean): void {
    this.#apply(open);
    if (!this.#narrow.matches) remember(open ? "open" : "closed");
    else if (open) byId("new-chat").focus();
  }

  #apply(open: boolean): void {
    document.body.classList.toggle("sidebar-open", open);
    this.#toggle.setAttribute("aria-expanded", String(open));
    this.#sidebar.inert = !open;
    this.#main.inert = open && this.#narrow.matches;
  }
}

function remembered(): string | null {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(value: string): void {
  try {
    window.localStorage.setItem(KEY, value);
  } catch {
    // A preference that cannot be kept is no reason to stop.
  }
}
