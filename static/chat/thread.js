// The messages of the open conversation: loads and merges pages, holds unsent messages and placeholders.

import { getFocus, listMessages } from "../net/api.js";
import { mergeMessages, olderThan } from "./conversation.js";

export class Thread {
  #store;
  #outbox;

  constructor(store, outbox) {
    this.#store = store;
    this.#outbox = outbox;
  }

  openDraft() {
    this.#store.set({ ...EMPTY, sessionId: null, threadPhase: "draft", messages: this.#unsent(null, []) });
  }

  /** Resolves to the running turn, if there is one. A `quiet` try leaves on the page what is there. */
  async open(sessionId, { quiet = false } = {}) {
    if (!quiet) this.#store.set({ ...EMPTY, sessionId, threadPhase: "loading" });
    try {
      const page = await listMessages(sessionId);
      if (this.#store.state.sessionId !== sessionId) return null;
      const messages = mergeMessages([], page.messages);
      this.#store.set({
        threadPhase: "ready",
        messages: [...messages, ...this.#unsent(sessionId, page.messages)],
        olderCursor: page.nextCursor,
      });
      this.#loadFocus(sessionId, page);
      return page.activeTurn;
    } catch (error) {
      if (this.#store.state.sessionId !== sessionId) return null;
      this.#store.set({ threadPhase: isMissing(error) ? "missing" : "error", threadError: error });
      return null;
    }
  }

  /** Nothing is changed when a turn has started meanwhile (`isBusy`): its log is newer than the answer. */
  async refresh(isBusy) {
    const { sessionId } = this.#store.state;
    const outdated = () => isBusy() || this.#store.state.sessionId !== sessionId;
    try {
      const page = await listMessages(sessionId);
      if (outdated()) return null;
      this.#replace(page);
      return page.activeTurn;
    } catch (error) {
      if (!outdated() && isMissing(error)) this.#store.set({ threadPhase: "missing", threadError: error });
      return null;
    }
  }

  async loadOlder() {
    const { sessionId, olderCursor, loadingOlder } = this.#store.state;
    if (!olderCursor || loadingOlder) return;
    this.#store.set({ loadingOlder: true });
    try {
      const page = await listMessages(sessionId, olderCursor);
      if (this.#store.state.sessionId !== sessionId) return;
      const known = new Set(this.#store.state.messages.map((message) => message.id));
      const older = page.messages.filter((message) => !known.has(message.id));
      const messages = [...mergeMessages([], older), ...this.#store.state.messages];
      this.#store.set({ messages, olderCursor: page.nextCursor });
    } catch (error) {
      this.#store.notify("Couldn’t load earlier messages", error.title);
    } finally {
      this.#store.set({ loadingOlder: false });
    }
  }

  addUnsent(entry, delivery) {
    this.#store.set({ messages: [...this.#store.state.messages, unsentMessage(entry, delivery)] });
  }

  /** An empty reply that shows at once that an answer is on its way. */
  addPlaceholder(replyTo) {
    const id = `local-reply-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    const reply = { id, key: id, role: "assistant", status: "streaming", content: "", replyTo };
    this.#store.set({ messages: [...this.#store.state.messages, reply] });
    return id;
  }

  drop(id) {
    const { messages } = this.#store.state;
    if (!messages.some((message) => message.id === id)) return;
    this.#store.set({ messages: messages.filter((message) => message.id !== id) });
  }

  #replace(page) {
    const { messages, olderCursor } = this.#store.state;
    const next = mergeMessages(messages, page.messages);
    const same = next.length === messages.length && next.every((message, at) => message === messages[at]);
    const keepsOlder = olderThan(messages, page.messages).length > 0;
    if (!same) this.#store.set({ messages: next, olderCursor: keepsOlder ? olderCursor : page.nextCursor });
  }

  #unsent(sessionId, confirmed) {
    const sent = new Set(confirmed.map((message) => message.clientMessageId));
    const [done, open] = split(this.#outbox.forSession(sessionId), (entry) => sent.has(entry.clientMessageId));
    done.forEach((entry) => this.#outbox.remove(entry.clientMessageId));
    return open.map((entry) => unsentMessage(entry, entry.delivery));
  }

  async #loadFocus(sessionId, page) {
    if (page.messages.length === 0) return;
    const focus = await getFocus(sessionId).catch(() => null);
    const { state } = this.#store;
    if (state.sessionId === sessionId && state.focus === null && focus?.topic) this.#store.set({ focus });
  }
}

const EMPTY = { threadError: null, messages: [], olderCursor: null, choices: {}, focus: null };

// An address that never was one is as good as gone: another try would not help.
function isMissing({ status, code }) {
  return status === 404 || code === "invalid-id";
}

function unsentMessage({ clientMessageId, text }, delivery) {
  const id = `local-${clientMessageId}`;
  return { id, key: id, role: "user", status: "complete", content: text, clientMessageId, delivery, error: null };
}

function split(list, test) {
  return [list.filter(test), list.filter((each) => !test(each))];
}
