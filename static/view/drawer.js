// Opens and closes the side bar: a column on wide screens, a modal drawer on narrow ones.

const KEY = "tutorstream.sidebar";

export class Drawer {
  #narrow = window.matchMedia("(max-width: 760px)");
  #toggle = document.getElementById("toggle-sidebar");
  #sidebar = document.getElementById("sidebar");
  #main = document.getElementById("main");

  constructor() {
    this.#toggle.addEventListener("click", () => this.#set(!this.open));
    document.getElementById("close-sidebar").addEventListener("click", () => this.close());
    document.getElementById("backdrop").addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.closeIfNarrow());
    this.#narrow.addEventListener("change", () => this.#restore());
    this.#restore();
  }

  get open() {
    return document.body.classList.contains("sidebar-open");
  }

  close() {
    this.#set(false);
    this.#toggle.focus();
  }

  closeIfNarrow() {
    if (this.#narrow.matches && this.open) this.close();
  }

  #restore() {
    this.#apply(!this.#narrow.matches && remembered() !== "closed");
  }

  #set(open) {
    this.#apply(open);
    if (!this.#narrow.matches) remember(open ? "open" : "closed");
    else if (open) document.getElementById("new-chat").focus();
  }

  #apply(open) {
    document.body.classList.toggle("sidebar-open", open);
    this.#toggle.setAttribute("aria-expanded", String(open));
    this.#sidebar.inert = !open;
    this.#main.inert = open && this.#narrow.matches;
  }
}

function remembered() {
  try {
    return window.localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(value) {
  try {
    window.localStorage.setItem(KEY, value);
  } catch {
    // A preference that cannot be kept is no reason to stop.
  }
}
