/** Keeps a chat's conversation in step with the server: pages of messages, and the feed of the session. */

import type { TutorClient } from "../client.js";
import { SessionFeed } from "../feed/session-feed.js";
import type { FeedEvent } from "../wire/events.js";
import { foldFeed, foldOlderPage, foldPage } from "./conversation.js";
import type { ChatStore } from "./store.js";

const PAGE = 50;

export interface SessionViewOptions {
  client: TutorClient;
  store: ChatStore;
  feed: boolean;
  /** Whose feed it is: no other user's tabs share it. */
  drawer: () => string | undefined;
  /** The turn that this chat follows by itself: what the feed says of it is nothing new. */
  ownTurn: () => string | null;
  /** A turn runs that nobody tells of: it must be followed. */
  onUnfollowed: (turnId: string) => void;
}

export class SessionView {
  readonly #options: SessionViewOptions;
  #feed: SessionFeed | null = null;
  #feedFailed = false;

  constructor(options: SessionViewOptions) {
    this.#options = options;
  }

  /** Throws when the messages cannot be had. */
  async load(sessionId: string): Promise<void> {
    const { client, store } = this.#options;
    const page = await client.listMessages(sessionId, { limit: PAGE });
    if (store.state.sessionId !== sessionId) return;
    store.fold((conversation) => foldPage(conversation, page, this.#options.ownTurn()));
    store.update({ loaded: true });
    if (store.state.conversation.focus === null) void this.#loadFocus(sessionId);
    this.join(sessionId);
  }

  /** Learns what happens from now on. */
  join(sessionId: string): void {
    if (this.#options.feed && !this.#feedFailed) this.#openFeed(sessionId);
    else this.#followActive();
  }

  async loadOlder(): Promise<void> {
    const { client, store } = this.#options;
    const { sessionId, conversation } = store.state;
    const cursor = conversation.olderCursor;
    if (sessionId === null || cursor === null) return;
    const page = await client.listMessages(sessionId, { cursor, limit: PAGE });
    if (store.state.conversation.olderCursor !== cursor) return;
    store.fold((current) => foldOlderPage(current, page));
  }

  close(): void {
    this.#feed?.close();
    this.#feed = null;
  }

  #openFeed(sessionId: string): void {
    const drawer = this.#options.drawer();
    // Not before it is known whose it is.
    if (drawer === undefined) return;
    this.#feed ??= new SessionFeed(this.#options.client, sessionId, {
      drawer,
      onEvent: (event) => this.#take(event),
      // A server without a feed, or one that refuses it: each turn is followed by itself.
      onFailure: () => {
        this.close();
        this.#feedFailed = true;
        this.#followActive();
      },
    });
  }

  #take(event: FeedEvent): void {
    const { store, ownTurn } = this.#options;
    store.fold((conversation) => foldFeed(conversation, event, ownTurn()), event.type === "text-delta");
  }

  #followActive(): void {
    const turns = Object.values(this.#options.store.state.conversation.turns);
    const running = turns.find((turn) => turn.status === "streaming");
    if (running?.turnId) this.#options.onUnfollowed(running.turnId);
  }

  /** A session has none until its first message; then its turn tells it. A list that is empty is no failure. */
  async #loadFocus(sessionId: string): Promise<void> {
    const { client, store } = this.#options;
    const plans = await client.listFocuses(sessionId, { limit: 1 }).catch(() => null);
    const focus = plans?.focus[0] ?? null;
    if (focus === null || store.state.sessionId !== sessionId) return;
    store.fold((conversation) => (conversation.focus === null ? { ...conversation, focus } : conversation));
  }
}
