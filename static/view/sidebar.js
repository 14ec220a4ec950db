// The list of conversations: choose, rename in place, delete; a drawer on narrow screens.

import { button, el, iconButton, setChildren } from "./dom.js";

export class Sidebar {
  #actions;
  #items = new Map();
  #shown = {};
  #list = document.getElementById("sessions");
  #note = document.getElementById("sessions-note");

  constructor(actions) {
    this.#actions = actions;
    document.getElementById("new-chat").addEventListener("click", () => actions.startNew());
  }

  update(state) {
    const fields = ["sessions", "sessionsPhase", "sessionId", "sessionsCursor"];
    if (fields.every((field) => this.#shown[field] === state[field])) return;
    this.#shown = state;
    const items = new Map();
    for (const session of state.sessions) {
      const item = this.#items.get(session.id) ?? this.#makeItem(session.id);
      item.update(session, session.id === state.sessionId);
      items.set(session.id, item);
    }
    this.#items = items;
    setChildren(this.#list, [...items.values()].map((item) => item.root));
    this.#note.replaceChildren(...this.#describe(state));
  }

  #describe({ sessionsPhase, sessions, sessionsCursor, sessionsError }) {
    if (sessionsPhase === "loading") return [70, 86, 54].map((width) => el("span", { class: `skeleton w-${width}` }));
    if (sessionsPhase === "error") {
      const retry = button("Try again", () => this.#actions.reloadSessions(), { class: "button small" });
      return [el("p", { text: sessionsError.title }), retry];
    }
    if (sessions.length === 0) return [el("p", { text: "Your conversations will appear here." })];
    if (!sessionsCursor) return [];
    return [button("Show more", () => this.#actions.moreSessions(), { class: "button quiet small" })];
  }

  #makeItem(id) {
    const link = el("a", { class: "session-link", href: `#/sessions/${encodeURIComponent(id)}` });
    link.addEventListener("click", () => this.#actions.closeDrawer());
    const rename = iconButton("pencil", "Rename", () => this.#edit(item));
    const remove = iconButton("trash", "Delete", () => this.#actions.remove(item.session));
    const root = el("li", { class: "session" }, link, el("div", { class: "session-tools" }, rename, remove));
    const item = { root, link, rename, session: null };
    item.update = (session, current) => {
      item.session = session;
      const title = session.title || "Untitled chat";
      link.textContent = title;
      link.title = title;
      if (current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      rename.setAttribute("aria-label", `Rename “${title}”`);
      remove.setAttribute("aria-label", `Delete “${title}”`);
    };
    return item;
  }

  #edit(item) {
    const input = el("input", { class: "rename", "aria-label": "Title", maxlength: 200, autocomplete: "off" });
    let open = true;
    const close = (save) => {
      if (!open) return;
      open = false;
      const title = input.value.trim();
      input.replaceWith(item.link);
      item.root.classList.remove("is-editing");
      if (save && title && title !== item.session.title) this.#actions.rename(item.session.id, title);
    };
    input.value = item.session.title ?? "";
    input.addEventListener("blur", () => close(true));
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
      // Without this the same key press would activate the button that gets the focus.
      event.preventDefault();
      event.stopPropagation();
      close(event.key === "Enter");
      item.rename.focus();
    });
    item.root.classList.add("is-editing");
    item.link.replaceWith(input);
    input.select();
    input.focus();
  }
}
