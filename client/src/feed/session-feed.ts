/**
 * The feed of a session with one connection per browser: one tab leads and passes on what it hears; when it closes,
 * another goes on from where it came to, also when the leading one was put to sleep. Tabs of one user alone share it.
 * Without Web Locks or BroadcastChannel each tab has its own connection.
 */

import { type Conversation, emptyConversation, foldFeed } from "../chat/conversation.js";
import { openChannel } from "../channel.js";
import { newKey } from "../environment.js";
import { NoLocks, lead } from "../locks.js";
import { webLocks } from "../locks/web.js";
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
  onFailure?: ((error: unknown) => void) | undefined;
  /** Told in the leading tab. */
  onConnection?: ((state: ConnectionState) => void) | undefined;
  /** Whose connection it is: tabs of another user do not share it. */
  drawer?: string | undefined;
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
  #failed = false;

  constructor(source: FeedSource, sessionId: string, options: SessionFeedOptions) {
    this.#source = source;
    this.#sessionId = sessionId;
    this.#options = options;
    const { drawer = "" } = options;
    this.#name = `tutorstream-feed:${source.baseUrl}:${drawer}:${sessionId}`;
    void this.#begin();
  }

  /** Another tab takes over, if there is one. */
  close(): void {
    this.#closed.abort();
    this.#hangUp();
  }

  async #begin(): Promise<void> {
    const { signal } = this.#closed;
    if (webLocks() === null || !this.#openChannel()) return this.#lead(signal);
    try {
      // A tab that lost the lead, perhaps while suspended, follows the tab that took it.
      while (!this.#isOver) await lead(this.#name, (lost) => this.#lead(signal, lost), signal);
    } catch (cause) {
      if (signal.aborted) return;
      this.#hangUp();
      if (cause instanceof NoLocks) await this.#lead(signal);
      else this.#options.onFailure?.(cause);
    }
  }

  get #isOver(): boolean {
    return this.#closed.signal.aborted || this.#failed || this.#conversation.deleted;
  }

  #openChannel(): boolean {
    this.#channel = openChannel(this.#name);
    if (this.#channel === null) return false;
    this.#channel.onmessage = ({ data }: MessageEvent<TabMessage>) => this.#hear(data);
    this.#say({ kind: "hello", from: this.#id });
    return true;
  }

  #hangUp(): void {
    this.#channel?.close();
    this.#channel = null;
  }

  /** Until it is closed or fails, or the lead is lost. */
  async #lead(closed: AbortSignal, lost?: AbortSignal): Promise<void> {
    if (this.#isOver) return;
    const ended = new AbortController();
    const end = () => ended.abort();
    for (const signal of [closed, lost]) signal?.addEventListener("abort", end);
    this.#leads = true;
    this.#say({ kind: "leading" });
    try {
      await this.#follow(ended.signal);
    } catch (error) {
      if (ended.signal.aborted) return;
      this.#failed = true;
      this.#options.onFailure?.(error);
    } finally {
      this.#leads = false;
      for (const signal of [closed, lost]) signal?.removeEventListener("abort", end);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { onConnection } = this.#options;
    const { place } = this.#conversation;
    const events = this.#source.followSession(this.#sessionId, { place, signal, onConnection });
    for await (const event of events) {
      this.#say({ kind: "event", event });
      this.#take(event);
    }
    // The next tab to lead may not have heard of the end yet.
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
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
