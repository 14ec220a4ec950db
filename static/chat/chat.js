// What a learner can do in the open conversation: open, send, stop, continue, regenerate, look for news.

import * as api from "../net/api.js";
import { titleFrom } from "./conversation.js";
import { TurnFollower } from "./follower.js";
import { createOutbox } from "./outbox.js";
import { Thread } from "./thread.js";
import { TurnLog } from "./turn-log.js";

export class Chat {
  #store;
  #sessions;
  #outbox = createOutbox();
  #thread;
  #follower;
  #onSession;

  /** `onSession(id)` is told when a first message has made the draft a session. */
  constructor(store, sessions, { onSession }) {
    this.#store = store;
    this.#sessions = sessions;
    this.#onSession = onSession;
    this.#thread = new Thread(store, this.#outbox);
    this.#follower = new TurnFollower(store, { onEnd: () => this.#ended() });
  }

  async open(sessionId) {
    this.#follower.detach();
    if (sessionId === null) this.#thread.openDraft();
    else await this.#openSession(sessionId);
    this.#sendWaiting();
  }

  async #openSession(sessionId, options) {
    const activeTurn = await this.#thread.open(sessionId, options);
    this.#sessions.findOpen();
    await this.#adopt(activeTurn);
  }

  /** What a passing second or a regained connection asks for. */
  async catchUp() {
    await this.refresh();
    this.#sendWaiting();
  }

  /** Quietly looks for what other tabs and devices did. */
  async refresh() {
    const { threadPhase, sessionId, messages } = this.#store.state;
    if (this.#follower.busy || sessionId === null) return;
    if (threadPhase === "error") return this.#openSession(sessionId, { quiet: true });
    if (threadPhase !== "ready") return;
    const { runs } = this.#follower;
    const activeTurn = await this.#thread.refresh(() => this.#follower.busy || this.#follower.runs !== runs);
    await this.#adopt(activeTurn);
    if (!activeTurn && messages !== this.#store.state.messages) this.#sessions.load();
  }

  loadOlder() {
    return this.#thread.loadOlder();
  }

  choose(replyTo, messageId) {
    this.#store.set({ choices: { ...this.#store.state.choices, [replyTo]: messageId } });
  }

  async send(text) {
    const entry = { clientMessageId: newKey(), sessionId: this.#store.state.sessionId, text };
    this.#outbox.add({ ...entry, delivery: "waiting" });
    this.#thread.addUnsent(entry, "sending");
    await this.#deliver(entry);
  }

  /** Sends again under the same key, so that the message and its reply exist once. */
  async retry(clientMessageId) {
    const { sessionId, messages } = this.#store.state;
    const message = messages.find((each) => each.clientMessageId === clientMessageId);
    if (!message || this.#follower.busy) return;
    this.#store.setMessage(message.id, { delivery: "sending", error: null });
    await this.#deliver({ clientMessageId, sessionId, text: message.content });
  }

  discard(clientMessageId) {
    this.#outbox.remove(clientMessageId);
    const { messages } = this.#store.state;
    this.#store.set({ messages: messages.filter((each) => each.clientMessageId !== clientMessageId) });
  }

  stop() {
    return this.#follower.stop();
  }

  async continueReply(message) {
    const key = newKey();
    this.#store.setMessage(message.id, { status: "streaming" });
    await this.#answer(message.id, { text: message.content }, (signal) =>
      api.openContinue(message.turnId, key, signal),
    ).catch((error) => {
      this.#store.setMessage(message.id, { status: message.status });
      this.#store.notify("Couldn’t continue the reply", error.detail || error.title);
    });
  }

  async regenerate(message) {
    const key = newKey();
    const placeholder = this.#thread.addPlaceholder(message.replyTo);
    this.choose(message.replyTo, undefined);
    await this.#answer(placeholder, {}, (signal) =>
      api.openRegenerate(this.#store.state.sessionId, message.id, key, signal),
    ).catch((error) => this.#store.notify("Couldn’t get a new reply", error.detail || error.title));
    this.#thread.drop(placeholder);
  }

  async #deliver(entry) {
    const userId = localId(entry.clientMessageId);
    if (!navigator.onLine) return this.#store.setMessage(userId, { delivery: "waiting" });
    const placeholder = this.#thread.addPlaceholder(userId);
    const body = {
      ...(entry.sessionId && { sessionId: entry.sessionId }),
      message: entry.text,
      clientMessageId: entry.clientMessageId,
    };
    try {
      await this.#follower.follow(new TurnLog(), { userId, replyId: placeholder }, {
        open: (signal) => api.openChat(body, signal),
        onOpen: (response) => this.#accepted(entry, response),
      });
    } catch (error) {
      this.#undelivered(userId, error);
    }
    this.#thread.drop(placeholder);
  }

  #accepted(entry, response) {
    this.#outbox.remove(entry.clientMessageId);
    this.#store.setMessage(localId(entry.clientMessageId), { delivery: "sent" });
    const sessionId = response.headers.get("X-Session-Id");
    if (this.#store.state.sessionId !== null || !sessionId) return;
    this.#store.set({ sessionId, threadPhase: "ready" });
    this.#onSession(sessionId);
    this.#nameSession(sessionId, entry.text);
  }

  async #nameSession(sessionId, text) {
    await this.#sessions.load();
    const session = this.#store.state.sessions.find((each) => each.id === sessionId);
    if (session && !session.title) await this.#sessions.rename(sessionId, titleFrom(text));
  }

  #undelivered(userId, error) {
    const message = this.#store.state.messages.find((each) => each.id === userId);
    if (!message) return this.refresh();
    const waits = error.code === "turn-running" || !navigator.onLine;
    const delivery = waits ? "waiting" : "failed";
    this.#outbox.mark(message.clientMessageId, delivery);
    this.#store.setMessage(userId, { delivery, error });
    if (error.code === "turn-running") this.refresh();
  }

  /** A second request, or another tab, may already have started the turn: the server then names it. */
  #answer(replyId, known, open) {
    const log = new TurnLog(known);
    const openOrJoin = (signal) =>
      open(signal).catch((error) => {
        const running = /\/turns\/([^/]+)\/events/.exec(error.location ?? "");
        if (error.code !== "turn-running" || !running) throw error;
        log.turnId = decodeURIComponent(running[1]);
        return api.openTurnEvents(log.turnId, 0, signal);
      });
    return this.#follower.follow(log, { replyId }, { open: openOrJoin });
  }

  async #adopt(activeTurn) {
    if (!activeTurn || this.#follower.busy) return;
    const { turnId, messageId, lastEventId } = activeTurn;
    const message = this.#store.state.messages.find((each) => each.id === messageId);
    const log = new TurnLog({ turnId, messageId, lastEventId: lastEventId ?? 0, text: message?.content ?? "" });
    try {
      await this.#follower.follow(log, { replyId: messageId });
    } catch {
      // The next look at the messages tells how the turn ended.
    }
  }

  async #ended() {
    await Promise.all([this.catchUp(), this.#sessions.load()]);
  }

  #sendWaiting() {
    if (this.#follower.busy || !navigator.onLine) return;
    const waiting = this.#store.state.messages.find((message) => message.delivery === "waiting");
    if (waiting) this.retry(waiting.clientMessageId);
  }
}

const localId = (clientMessageId) => `local-${clientMessageId}`;

// randomUUID exists only on secure origins; the page may be opened over plain HTTP on a local network.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
