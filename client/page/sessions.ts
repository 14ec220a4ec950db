/** The list of conversations: load, page, rename, delete. */

import { Problem, type Session, type TutorClient } from "../src/index.js";
import type { PageStore } from "./state.js";

export class Sessions {
  readonly #client: TutorClient;
  readonly #store: PageStore;

  constructor(client: TutorClient, store: PageStore) {
    this.#client = client;
    this.#store = store;
  }

  async load(): Promise<void> {
    try {
      const { sessions, nextCursor, provider } = await this.#client.listSessions();
      const known = this.#store.state;
      const older = known.sessionsPhase === "ready" ? keepOlder(known.sessions, sessions, nextCursor) : [];
      this.#store.set({
        sessions: [...sessions, ...older],
        sessionsCursor: older.length > 0 ? known.sessionsCursor : nextCursor,
        sessionsPhase: "ready",
        sessionsError: null,
        provider: provider ?? known.provider,
      });
    } catch (cause) {
      // A token that is not accepted: the next request asks for another one.
      if (cause instanceof Problem && cause.status === 401) return this.load();
      if (this.#store.state.sessionsPhase === "ready") return;
      const reason = cause instanceof Problem ? cause.title : "The server cannot be reached";
      this.#store.set({ sessionsPhase: "error", sessionsError: reason });
    }
  }

  /** Nothing of the list before is shown to whoever acts now. */
  reset(): void {
    this.#store.set({ sessions: [], sessionsCursor: null, sessionsPhase: "loading", sessionsError: null });
    void this.load();
  }

  /** The open conversation, as its own feed tells it. */
  show(session: Session): void {
    const { sessions, sessionsPhase } = this.#store.state;
    const known = sessions.find(({ id }) => id === session.id);
    if (sessionsPhase !== "ready" || (known && known.revision >= session.revision)) return;
    this.#store.set({ sessions: newestFirst([session, ...sessions.filter((each) => each !== known)]) });
  }

  async loadMore(): Promise<void> {
    const { sessionsCursor: cursor } = this.#store.state;
    if (cursor === null) return;
    try {
      const page = await this.#client.listSessions({ cursor });
      const { sessions } = this.#store.state;
      const known = new Set(sessions.map(({ id }) => id));
      const more = page.sessions.filter(({ id }) => !known.has(id));
      this.#store.set({ sessions: newestFirst([...sessions, ...more]), sessionsCursor: page.nextCursor });
    } catch (cause) {
      this.#store.report("Couldn’t load more conversations", cause);
    }
  }

  async rename(id: string, title: string): Promise<void> {
    const before = this.#store.state.sessions.find((session) => session.id === id);
    if (!before) return;
    this.#replace({ ...before, title });
    try {
      this.#replace(await this.#client.updateSession(id, { title }));
    } catch (cause) {
      this.#replace(before);
      this.#store.report("Couldn’t rename the conversation", cause);
    }
  }

  /** True when the conversation is gone, by us or by someone else. */
  async remove(id: string): Promise<boolean> {
    try {
      await this.#client.deleteSession(id);
    } catch (cause) {
      if (!(cause instanceof Problem) || cause.status !== 404) {
        this.#store.report("Couldn’t delete the conversation", cause);
        return false;
      }
    }
    this.forget(id);
    return true;
  }

  forget(id: string): void {
    this.#store.set({ sessions: this.#store.state.sessions.filter((session) => session.id !== id) });
  }

  #replace(session: Session): void {
    const sessions = this.#store.state.sessions.map((each) => (each.id === session.id ? session : each));
    this.#store.set({ sessions });
  }
}

function newestFirst(sessions: readonly Session[]): Session[] {
  return sessions.toSorted((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt));
}

/** A page of the list says nothing of what is older. */
function keepOlder(known: readonly Session[], page: readonly Session[], nextCursor: string | null): Session[] {
  const last = page.at(-1);
  if (nextCursor === null || !last) return [];
  const ids = new Set(page.map(({ id }) => id));
  const oldest = Date.parse(last.updatedAt);
  return known.filter((session) => !ids.has(session.id) && Date.parse(session.updatedAt) < oldest);
}
