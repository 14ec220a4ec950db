/** The list of conversations: choose, rename in place, delete; a drawer on narrow screens. */

import type { Session } from "../../src/index.js";
import type { Actions } from "../main.js";
import type { PageState } from "../state.js";
import { byId, button, el, setChildren } from "./dom.js";
import { SessionItem } from "./session-item.js";

const SKELETON_WIDTHS = [70, 86, 54];

interface Shown {
  sessions: readonly Session[];
  phase: PageState["sessionsPhase"];
  cursor: string | null;
  open: string | null;
}

export class Sidebar {
  readonly #actions: Actions;
  readonly #list = byId("sessions");
  readonly #note = byId("sessions-note");
  #items = new Map<string, SessionItem>();
  #shown: Shown | null = null;

  constructor(actions: Actions) {
    this.#actions = actions;
    byId("new-chat").addEventListener("click", () => actions.startNew());
  }

  update(state: PageState): void {
    const { sessions, sessionsPhase: phase, sessionsCursor: cursor, chat } = state;
    const next: Shown = { sessions, phase, cursor, open: chat.sessionId };
    if (this.#shown !== null && same(this.#shown, next)) return;
    this.#shown = next;
    const items = new Map<string, SessionItem>();
    for (const session of sessions) {
      const item = this.#items.get(session.id) ?? new SessionItem(session, this.#actions);
      item.update(session, session.id === chat.sessionId);
      items.set(session.id, item);
    }
    this.#items = items;
    setChildren(this.#list, [...items.values()].map((item) => item.root));
    this.#note.replaceChildren(...this.#describe(state));
  }

  #describe({ sessionsPhase, sessions, sessionsCursor, sessionsError }: PageState): Node[] {
    if (sessionsPhase === "loading") return SKELETON_WIDTHS.map((width) => el("span", { class: `skeleton w-${width}` }));
    if (sessionsPhase === "error") {
      const retry = button("Try again", () => this.#actions.reloadSessions(), { class: "button small" });
      return [el("p", { text: sessionsError ?? "" }), retry];
    }
    if (sessions.length === 0) return [el("p", { text: "Your conversations will appear here." })];
    if (sessionsCursor === null) return [];
    return [button("Show more", () => this.#actions.moreSessions(), { class: "button quiet small" })];
  }
}

function same(a: Shown, b: Shown): boolean {
  return a.sessions === b.sessions && a.phase === b.phase && a.cursor === b.cursor && a.open === b.open;
}
