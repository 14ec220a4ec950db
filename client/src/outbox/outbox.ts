/**
 * Messages that the server has not confirmed yet: kept in order, across reloads and tabs, until it has. Sends
 * nothing by itself: a sender says how, and only one tab sends at a time.
 */

import { newKey } from "../environment.js";
import { NetworkError, Problem } from "../http/problem.js";
import { exclusively } from "../locks.js";
import * as list from "./entry.js";
import type { Entries, OutboxEntry } from "./entry.js";
import { outboxStorage } from "./indexed-db.js";
import type { OutboxStorage } from "./storage.js";

export interface OutboxOptions {
  /** Tells outboxes of one origin apart: by server and by user. */
  name?: string;
  storage?: OutboxStorage;
}

export interface Draft {
  conversation: string;
  sessionId: string | null;
  text: string;
  userId?: string | undefined;
  subject?: string | undefined;
}

/** Sends an entry; resolves with its session when the server has stored it. */
export type Deliver = (entry: OutboxEntry) => Promise<{ sessionId: string }>;

export class Outbox {
  readonly name: string;
  readonly #storage: OutboxStorage;
  readonly #listeners = new Set<() => void>();
  /** Open while somebody listens: in Deno an open channel keeps the process alive. */
  #channel: BroadcastChannel | null = null;
  #entries: Entries = [];

  constructor(options: OutboxOptions = {}) {
    this.name = `tutorstream-outbox:${options.name ?? ""}`;
    this.#storage = options.storage ?? outboxStorage(this.name);
  }

  /** As they were last seen by a listener; `load` looks again. The same array as long as nothing changes. */
  get entries(): Entries {
    return this.#entries;
  }

  /** Calls back after each change, by any tab. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#channel ??= this.#listen();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#hangUp();
    };
  }

  async load(): Promise<Entries> {
    this.#show(await this.#storage.read());
    return this.#entries;
  }

  /** Resolves when the message is kept. */
  async add(draft: Draft): Promise<OutboxEntry> {
    const { conversation, sessionId, text, userId = null, subject = null } = draft;
    const clientMessageId = newKey();
    const fresh = { state: "waiting", attempted: false, error: null } as const;
    const entry = { clientMessageId, conversation, sessionId, text, userId, subject, ...fresh };
    await this.#change((entries) => [...entries, entry]);
    return entry;
  }

  /** False when it cannot be changed any more: it is being sent, or may have been received. */
  async edit(clientMessageId: string, text: string): Promise<boolean> {
    let edited = false;
    await this.#change((entries) => {
      const entry = entries.find((each) => each.clientMessageId === clientMessageId);
      edited = entry !== undefined && !entry.attempted;
      // A refused request keeps its key on the server only if it was stored, which it was not.
      return edited ? list.change(entries, clientMessageId, { text }) : entries;
    });
    return edited;
  }

  /** Gives a message up. One that is being sent may arrive all the same. */
  cancel(clientMessageId: string): Promise<void> {
    return this.#change((entries) => list.remove(entries, clientMessageId));
  }

  /** Holds back what waits in a conversation. */
  pause(conversation: string): Promise<void> {
    return this.#change((entries) => list.pause(entries, conversation));
  }

  resume(conversation: string): Promise<void> {
    return this.#change((entries) => list.resume(entries, conversation));
  }

  /**
   * Sends the first message of a conversation, unless it is held back or another tab is sending there: then after
   * that. Resolves with the entry when the server has it, with null when there was nothing to send.
   */
  sendNext(conversation: string, deliver: Deliver): Promise<OutboxEntry | null> {
    return exclusively(`${this.name}:${conversation}`, async () => {
      const entry = await this.#claim(conversation);
      if (entry !== null) await this.#send(entry, deliver);
      return entry;
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#hangUp();
  }

  #listen(): BroadcastChannel | null {
    const channel = openChannel(this.name);
    if (channel === null) return null;
    // Who writes or sends next is told what is the matter with the storage.
    channel.onmessage = () => void this.load().catch(() => {});
    return channel;
  }

  #hangUp(): void {
    this.#channel?.close();
    this.#channel = null;
  }

  #tell(): void {
    const channel = this.#channel ?? openChannel(this.name);
    channel?.postMessage("changed");
    if (channel !== this.#channel) channel?.close();
  }

  async #claim(conversation: string): Promise<OutboxEntry | null> {
    let head: OutboxEntry | null = null;
    await this.#change((entries) => {
      head = list.headOf(entries, conversation);
      if (head === null) return entries;
      return list.change(entries, head.clientMessageId, { state: "sending", attempted: true });
    });
    return head;
  }

  async #send(entry: OutboxEntry, deliver: Deliver): Promise<void> {
    try {
      const { sessionId } = await deliver(entry);
      await this.#change((entries) => list.deliver(entries, entry, sessionId));
    } catch (cause) {
      const outcome = outcomeOf(cause);
      await this.#change((entries) => list.change(entries, entry.clientMessageId, outcome));
      throw cause;
    }
  }

  async #change(change: (entries: Entries) => Entries): Promise<void> {
    this.#show(await this.#storage.change(change));
    this.#tell();
  }

  #show(entries: Entries): void {
    this.#entries = entries;
    for (const listener of this.#listeners) listener();
  }
}

/** Refused for certain: it can be changed. Otherwise it may have arrived, and goes out again as it is. */
function outcomeOf(cause: unknown): Partial<OutboxEntry> {
  if (!(cause instanceof Problem) || cause.retryable) {
    return cause instanceof NetworkError || cause instanceof Problem ? { state: "waiting" } : { state: "paused" };
  }
  const { code, title, detail } = cause;
  return { state: "failed", attempted: false, error: { code, title, detail } };
}

function openChannel(name: string): BroadcastChannel | null {
  return typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
}
