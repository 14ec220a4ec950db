/**
 * The feed of a session with one connection per browser: one tab leads and passes on what it hears; when it closes,
 * another goes on from where it came to. Without Web Locks or BroadcastChannel each tab has its own connection.
 */

import { type Conversation, emptyConversation, foldFeed } from "../chat/conversation.js";
import { newKey } from "../environment.js";
import type { FeedEvent } from "../wire/events.js";
import type { FeedEvents, FollowSessionOptions } from "../client.js";
import type { ConnectionState } from "../stream/follow.js";
import { type TabMessage, snapshotEvent } from "./wire.js";

/** What a feed needs of a client. */
export interface FeedSource {
  readonly baseUrl: string;
  followSession(sessionId: string, options: FollowSessionOptions): FeedEvents;
}

export interface SessionFeedOptions {
  onEvent: (event: FeedEvent) => void;
  /** The feed cannot go on: the session is gone, or is not this user's. */
  onFailure?: (error: unknown) => void;
  /** Told in the leading tab. */
  onConnection?: (state: ConnectionState) => void;
}

export class SessionFeed {
  readonly #source: FeedSource;
  readonly #sessionId: string;
  readonly #options: SessionFeedOptions;
  readonly #name: string;
  readonly #id = newKey();
  readonly #closed = new AbortController();
  #channel: BroadcastChannel | null = null;
  #conversation: Conversation = emptyConversation;
  #leads = false;

  constructor(source: FeedSource, sessionId: string, options: SessionFeedOptions) {
    this.#source = source;
    this.#sessionId = sessionId;
    this.#options = options;
    this.#name = `tutorstream-feed:${source.baseUrl}:${sessionId}`;
    const { locks } = globalThis.navigator ?? {};
    if (locks && typeof BroadcastChannel === "function") this.#share(locks);
    else void this.#lead();
  }

  /** Another tab takes over, if there is one. */
  close(): void {
    this.#closed.abort();
    this.#channel?.close();
  }

  #share(locks: LockManager): void {
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }: MessageEvent<TabMessage>) => this.#hear(data);
    this.#say({ kind: "hello", from: this.#id });
    const { signal } = this.#closed;
    const request = locks.request(this.#name, { signal }, () => this.#lead());
    // Closed while it waited for its turn to lead.
    request.catch(() => {});
  }

  async #lead(): Promise<void> {
    if (this.#conversation.deleted) return;
    this.#leads = true;
    this.#say({ kind: "leading" });
    const { signal } = this.#closed;
    const { onConnection, onFailure } = this.#options;
    const { place } = this.#conversation;
    try {
      const events = this.#source.followSession(this.#sessionId, { place, signal, onConnection });
      for await (const event of events) {
        this.#say({ kind: "event", event });
        this.#take(event);
      }
      // The next tab to lead may not have heard of the end yet.
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    } catch (error) {
      if (!signal.aborted) onFailure?.(error);
    }
  }

  #hear(message: TabMessage): void {
    if (this.#closed.signal.aborted) return;
    switch (message.kind) {
      case "event":
        return this.#hearEvent(message.event);
      case "welcome":
        return message.to === this.#id ? this.#hearEvent(message.event) : undefined;
      case "hello":
        return this.#welcome(message.from);
      case "leading":
        if (this.#conversation.place === null) this.#say({ kind: "hello", from: this.#id });
    }
  }

  /** Before its snapshot a tab cannot place what it hears: the snapshot will have it. */
  #hearEvent(event: FeedEvent): void {
    if (this.#conversation.place !== null || event.type === "session-snapshot") this.#take(event);
  }

  #welcome(to: string): void {
    const event = this.#leads ? snapshotEvent(this.#conversation) : null;
    if (event !== null) this.#say({ kind: "welcome", to, event });
  }

  #take(event: FeedEvent): void {
    this.#conversation = foldFeed(this.#conversation, event);
    this.#options.onEvent(event);
  }

  #say(message: TabMessage): void {
    if (!this.#closed.signal.aborted) this.#channel?.postMessage(message);
  }
}
