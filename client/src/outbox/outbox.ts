/**
 * Messages that the server has not confirmed yet: kept in order, across reloads and tabs, until it has. Sends
 * nothing by itself: a sender says how, and only one tab sends at a time. However a sending ends, the message stays
 * as one that somebody will send or that is shown with its reason.
 */

import { newKey } from "../environment.js";
import type { Owner } from "../identity/owner.js";
import { exclusively } from "../locks.js";
import { OutboxChannel } from "./channel.js";
import * as list from "./changes.js";
import type { Entries, HeldBy, OutboxEntry } from "./entry.js";
import { outboxStorage } from "./indexed-db.js";
import { isCertain, outcomeOf } from "./outcome.js";
import { OwnedStorage, type UnclaimedMessage, claim, unclaimed } from "./owned.js";
import type { OutboxStorage } from "./storage.js";

const PREFIX = "tutorstream-outbox:";

export interface OutboxOptions {
  /** Tells outboxes of one origin apart: by server. */
  name?: string | undefined;
  storage?: OutboxStorage | undefined;
}

export interface Draft {
  conversation: string;
  sessionId: string | null;
  text: string;
  userId?: string | undefined;
  subject?: string | undefined;
}

export interface Tries {
  /** This try has failed, and the same delivery makes another one. */
  failed(cause: unknown): void;
}

/** Sends an entry; resolves with its session when the server has stored it. */
export type Deliver = (entry: OutboxEntry, tries: Tries) => Promise<{ sessionId: string }>;

/** Whose the messages are, and a name for the time of this page in which they are written. */
interface Writer {
  owner: Owner;
  writtenIn: string;
}

export class Outbox {
  readonly name: string;
  readonly #whole: OutboxStorage;
  readonly #storage: OutboxStorage;
  readonly #listeners = new Set<() => void>();
  readonly #channel: OutboxChannel;
  readonly #parts = new Map<string, Outbox>();
  #writer: Writer | null = null;
  #entries: Entries = [];

  constructor(options: OutboxOptions = {}) {
    this.name = `${PREFIX}${options.name ?? ""}`;
    this.#whole = options.storage ?? outboxStorage(this.name);
    this.#storage = new OwnedStorage(this.#whole, () => this.owner);
    // Who writes or sends next is told what is the matter with the storage.
    this.#channel = new OutboxChannel(() => this.name, () => void this.load().catch(() => {}));
  }

  /** The part of this owner alone, where what others wrote is neither shown nor sent. The same for the same owner. */
  of(owner: Owner, writtenIn = ""): Outbox {
    const key = JSON.stringify([owner.drawer, writtenIn]);
    const known = this.#parts.get(key);
    if (known) return known;
    const part = new Outbox({ name: `${this.name.slice(PREFIX.length)}:${owner.drawer}`, storage: this.#whole });
    part.#writer = { owner, writtenIn };
    this.#parts.set(key, part);
    return part;
  }

  /** Null: everybody's. */
  get owner(): Owner | null {
    return this.#writer?.owner ?? null;
  }

  /** As they were last seen by a listener; `load` looks again. The same array as long as nothing changes. */
  get entries(): Entries {
    return this.#entries;
  }

  /** Calls back after each change, by any tab. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#channel.listen();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#channel.hangUp();
    };
  }

  /** Calls back when what was written in a draft has gone into a session, in any tab. */
  onMoved(listener: (draft: string, sessionId: string) => void): () => void {
    return this.#channel.onMoved(listener);
  }

  async load(): Promise<Entries> {
    this.#show(await this.#storage.read());
    return this.#entries;
  }

  /** The server has named the owner: what they have written under other tokens is theirs, too. */
  async claim(owner: Owner): Promise<void> {
    const writtenIn = this.#writer?.writtenIn ?? "";
    this.#writer = { owner, writtenIn };
    await this.#whole.change((entries) => claim(entries, owner, writtenIn));
    await this.load();
  }

  /** What nobody can claim by signing in. */
  async unclaimed(): Promise<readonly UnclaimedMessage[]> {
    return this.owner === null ? [] : unclaimed(await this.#whole.read(), this.owner);
  }

  async discardUnclaimed(): Promise<void> {
    const { owner } = this;
    if (owner === null) return;
    await this.#whole.change((entries) => {
      const names = new Set(unclaimed(entries, owner).map(({ clientMessageId }) => clientMessageId));
      return entries.filter(({ clientMessageId }) => !names.has(clientMessageId));
    });
    this.#channel.tell();
  }

  /** Resolves when the message is kept. */
  async add(draft: Draft): Promise<OutboxEntry> {
    const { conversation, sessionId, text, userId = null, subject = null } = draft;
    const createdAt = new Date().toISOString();
    const fresh = { state: "waiting", attempted: false, error: null, heldBy: null, retryAt: null, claims: 0, createdAt } as const;
    const { drawer = null, user = null } = this.owner ?? {};
    const written = { drawer, user, writtenIn: this.#writer?.writtenIn ?? null };
    const entry = { clientMessageId: newKey(), conversation, sessionId, text, userId, subject, ...fresh, ...written };
    // A storage that fails at its end may have taken it: the same change is made again.
    await this.#change((entries) => [...list.remove(entries, entry.clientMessageId), entry]);
    return entry;
  }

  /**
   * False when it cannot be changed any more: it is being sent, or may have been received. One that was refused goes
   * out again as it is now; if an earlier try of it may have arrived, as another message with a name of its own.
   */
  async edit(clientMessageId: string, text: string): Promise<boolean> {
    let edited = false;
    await this.#change((entries) => {
      const entry = entries.find((each) => each.clientMessageId === clientMessageId);
      edited = entry !== undefined && list.isEditable(entry);
      return edited ? list.edit(entries, clientMessageId, text) : entries;
    });
    return edited;
  }

  /** Gives a message up. One that is being sent may arrive all the same. */
  cancel(clientMessageId: string): Promise<void> {
    return this.#change((entries) => list.remove(entries, clientMessageId));
  }

  /** Holds back what waits in a conversation. */
  pause(conversation: string, heldBy: HeldBy = "stop"): Promise<void> {
    return this.#change((entries) => list.pause(entries, conversation, heldBy));
  }

  /** Has all of a conversation tried again, now: what was held back, what was refused, what waits for a limit. */
  resume(conversation: string): Promise<void> {
    return this.#change((entries) => list.resume(entries, conversation));
  }

  /** Lets go what was held back. */
  release(conversation: string): Promise<void> {
    return this.#change((entries) => list.release(entries, conversation));
  }

  /** Has one message tried again, now. */
  retry(clientMessageId: string): Promise<void> {
    return this.#change((entries) => list.retry(entries, clientMessageId));
  }

  /**
   * Sends the first message of a conversation, unless it is held back or another tab is sending there: then after
   * that, if it still may. Resolves with the entry when the server has it, with null when there was nothing to send.
   */
  sendNext(conversation: string, deliver: Deliver, may: () => boolean = () => true): Promise<OutboxEntry | null> {
    return exclusively(`${this.name}:${conversation}`, async () => {
      const claimed = may() ? await this.#claimHead(conversation) : null;
      if (claimed !== null) await this.#send(claimed, deliver);
      return claimed?.entry ?? null;
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#channel.hangUp();
  }

  /** Also whether an earlier try may have arrived. */
  async #claimHead(conversation: string): Promise<Claimed | null> {
    let claimed: Claimed | null = null;
    await this.#change((entries) => {
      claimed = null;
      const head = list.headOf(entries, conversation);
      if (head === null || (head.retryAt !== null && head.retryAt > Date.now())) return entries;
      // With the user's name in it, the server itself refuses it under any other. Repeats have to be the same.
      const userId = head.attempted ? head.userId : (head.userId ?? head.user);
      const claim = { state: "sending", attempted: true, heldBy: null, retryAt: null, claims: head.claims + 1 } as const;
      const entry: OutboxEntry = { ...head, userId, ...claim };
      claimed = { entry, mayHaveArrived: head.attempted };
      return list.change(entries, head.clientMessageId, entry);
    });
    return claimed;
  }

  async #send({ entry, mayHaveArrived }: Claimed, deliver: Deliver): Promise<void> {
    let uncertain = mayHaveArrived;
    const tries = { failed: (cause: unknown) => void (uncertain ||= !isCertain(cause)) };
    let sessionId: string;
    try {
      ({ sessionId } = await deliver(entry, tries));
    } catch (cause) {
      const outcome = outcomeOf(cause, uncertain);
      // What cannot be noted stays as one that is being sent, which the next sender repeats.
      await this.#change((entries) => list.conclude(entries, entry, outcome)).catch(() => {});
      throw cause;
    }
    // Told first, so that who shows the draft knows where its messages have gone.
    if (entry.sessionId === null) this.#channel.tellMoved(entry.conversation, sessionId);
    await this.#change((entries) => list.deliver(entries, entry, sessionId));
  }

  async #change(change: (entries: Entries) => Entries): Promise<void> {
    this.#show(await this.#storage.change(change));
    this.#channel.tell();
  }

  #show(entries: Entries): void {
    this.#entries = entries;
    for (const listener of this.#listeners) listener();
  }
}

interface Claimed {
  entry: OutboxEntry;
  mayHaveArrived: boolean;
}
