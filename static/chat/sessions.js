// The list of conversations: load, page, rename, delete.

import * as api from "../net/api.js";

export class Sessions {
  #store;

  constructor(store) {
    this.#store = store;
  }

  async load() {
    try {
      const { sessions, nextCursor, provider } = await api.listSessions();
      const known = this.#store.state;
      const older = known.sessionsPhase === "ready" ? keepOlder(known.sessions, sessions, nextCursor) : [];
      this.#store.set({
        sessions: [...sessions, ...older],
        sessionsCursor: older.length > 0 ? known.sessionsCursor : nextCursor,
        sessionsPhase: "ready",
        sessionsError: null,
        provider: known.turn ? known.provider : provider ?? known.provider,
      });
    } catch (error) {
      if (this.#store.state.sessionsPhase === "ready") return;
      this.#store.set({ sessionsPhase: "error", sessionsError: error });
    }
    await this.findOpen();
  }

  /** The open conversation may be older than the part of the list that is loaded. */
  async findOpen() {
    const { sessionsPhase, sessionId, sessions, threadPhase } = this.#store.state;
    const listed = sessions.some((session) => session.id === sessionId);
    if (sessionsPhase !== "ready" || threadPhase !== "ready" || listed) return;
    const session = await api.getSession(sessionId).catch(() => null);
    if (session) this.#add([session]);
  }

  async loadMore() {
    const { sessionsCursor } = this.#store.state;
    try {
      const page = await api.listSessions(sessionsCursor);
      this.#add(page.sessions);
      this.#store.set({ sessionsCursor: page.nextCursor });
    } catch (error) {
      this.#store.notify("Couldn’t load more conversations", error.title);
    }
  }

  async rename(id, title) {
    const before = this.#store.state.sessions;
    this.#replace(id, { title });
    try {
      this.#replace(id, await api.updateSession(id, { title }));
    } catch (error) {
      this.#store.set({ sessions: before });
      this.#store.notify("Couldn’t rename the conversation", error.title);
    }
  }

  /** True when the conversation is gone, by us or by someone else. */
  async remove(id) {
    try {
      await api.deleteSession(id);
    } catch (error) {
      if (error.status !== 404) {
        this.#store.notify("Couldn’t delete the conversation", error.title);
        return false;
      }
    }
    this.#store.set({ sessions: this.#store.state.sessions.filter((session) => session.id !== id) });
    return true;
  }

  #add(more) {
    const { sessions } = this.#store.state;
    const known = new Set(sessions.map((session) => session.id));
    const all = [...sessions, ...more.filter((session) => !known.has(session.id))];
    this.#store.set({ sessions: all.sort((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt)) });
  }

  #replace(id, patch) {
    const sessions = this.#store.state.sessions.map((each) => (each.id === id ? { ...each, ...patch } : each));
    this.#store.set({ sessions });
  }
}

function keepOlder(known, page, nextCursor) {
  const last = page.at(-1);
  if (!nextCursor || !last) return [];
  const ids = new Set(page.map((session) => session.id));
  return known.filter((session) => !ids.has(session.id) && Date.parse(session.updatedAt) < Date.parse(last.updatedAt));
}
