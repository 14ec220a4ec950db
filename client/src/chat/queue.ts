/**
 * Sends what waits in the outbox of one conversation: one message after the other, each when the reply before it has
 * ended. After a failure that may pass it tries again by itself; a message that is refused does not keep the others.
 */

import { onWake } from "../environment.js";
import { Problem, WrongUserError } from "../http/problem.js";
import type { Reach } from "../http/reach.js";
import { headOf } from "../outbox/changes.js";
import type { HeldBy, OutboxEntry } from "../outbox/entry.js";
import type { Draft, Outbox, Tries } from "../outbox/outbox.js";
import { isAbort, stepsAside } from "../outbox/outcome.js";
import { Backoff } from "../stream/backoff.js";

/** A message on its way. */
export interface Delivery {
  /** The server has stored it. */
  accepted: Promise<{ sessionId: string }>;
  /** Its reply has ended, or could not be followed further; never rejects. */
  ended: Promise<void>;
}

export interface QueueOptions {
  /** Null while it is not known who acts: nothing is sent before. */
  outbox: () => Outbox | null;
  /** The conversation's name in the outbox, which changes when a draft becomes a session. */
  conversation: () => string;
  deliver: (entry: OutboxEntry, tries: Tries) => Delivery;
  reach: Pick<Reach, "isReachable" | "patienceMs">;
  /** Whether a reply is being written. */
  isBusy: () => boolean;
  onFailure: (error: unknown) => void;
  /** When it tries again by itself, in milliseconds since 1970; null when it does not wait. */
  onWaiting: (until: number | null) => void;
}

/** The longest time that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Queue {
  readonly #options: QueueOptions;
  readonly #backoff = new Backoff();
  readonly #waiting = new Map<string, () => void>();
  #closed = false;
  #asked = false;
  #draining = false;
  #holding: Promise<void> = Promise.resolve();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #stopListening: () => void;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#stopListening = onWake(() => this.pump());
  }

  /** Resolves with the message's name when its reply has ended, or when it stays in the outbox for now. */
  async send(draft: Draft): Promise<string> {
    const outbox = this.#options.outbox();
    if (outbox === null || this.#closed) throw new TypeError("Nothing can be sent while it is not known who sends it.");
    await outbox.release(draft.conversation);
    const { clientMessageId } = await outbox.add(draft);
    const settled = new Promise<void>((resolve) => this.#waiting.set(clientMessageId, resolve));
    if (this.#closed) this.#settleAll();
    this.pump();
    await settled;
    return clientMessageId;
  }

  /** Sends what may be sent now. */
  pump(): void {
    this.#wait(null);
    this.#asked = true;
    if (!this.#draining && !this.#closed) void this.#drainWhileAsked();
  }

  /** Keeps what waits: somebody has stopped a reply, or one has failed. */
  hold(by: HeldBy): void {
    const { outbox, conversation, onFailure } = this.#options;
    this.#holding = outbox()?.pause(conversation(), by).catch(onFailure) ?? Promise.resolve();
  }

  close(): void {
    this.#closed = true;
    this.#wait(null);
    this.#stopListening();
    this.#settleAll();
  }

  async #drainWhileAsked(): Promise<void> {
    this.#draining = true;
    while (this.#asked) {
      this.#asked = false;
      await this.#drain();
    }
    this.#draining = false;
    // What is behind a reply that is being written will be sent after it.
    if (!this.#options.isBusy()) this.#settleAll();
  }

  async #drain(): Promise<void> {
    const { isBusy } = this.#options;
    while (!this.#closed && !isBusy()) {
      try {
        await this.#holding;
        if (!(await this.#isReachable())) return;
        if (!(await this.#sendNext())) break;
        this.#backoff.progress();
      } catch (error) {
        if (!this.#closed) this.#options.onFailure(error);
        if (stepsAside(error)) continue;
        // Requests made meanwhile were for the attempt that has just failed.
        this.#asked = false;
        return this.#retryLater(error);
      }
    }
    this.#waitForLimit();
  }

  /** Without a network nothing goes out; what waits is tried again when there is one, and now and then. */
  async #isReachable(): Promise<boolean> {
    const { outbox, conversation, reach } = this.#options;
    if (headOf(outbox()?.entries ?? [], conversation()) === null || (await reach.isReachable())) return true;
    if (!this.#closed) this.#retryTimer = setTimeout(() => this.pump(), reach.patienceMs);
    return false;
  }

  async #sendNext(): Promise<boolean> {
    const { conversation, deliver } = this.#options;
    const outbox = this.#options.outbox();
    let ended = Promise.resolve();
    let name: string | null = null;
    const hand = (next: OutboxEntry, tries: Tries) => {
      name = next.clientMessageId;
      const delivery = deliver(next, tries);
      ended = delivery.ended;
      return delivery.accepted;
    };
    try {
      // This chat may have been closed while it waited for another tab.
      const sent = await outbox?.sendNext(conversation(), hand, () => !this.#closed);
      if (!sent) return false;
      await ended;
      this.#settle(sent.clientMessageId);
      return true;
    } catch (cause) {
      if (name !== null && stepsAside(cause)) this.#settle(name);
      throw cause;
    }
  }

  #retryLater(error: unknown): void {
    if (this.#closed || isAbort(error) || error instanceof WrongUserError) return;
    const politeMs = error instanceof Problem ? (error.retryAfterMs ?? 0) : 0;
    this.#wait(politeMs + this.#backoff.fail());
  }

  /** The first message may have been told, by another tab or before a reload, when to come back. */
  #waitForLimit(): void {
    const { outbox, conversation, isBusy } = this.#options;
    const { retryAt = null } = headOf(outbox()?.entries ?? [], conversation()) ?? {};
    if (retryAt !== null && retryAt > Date.now() && !this.#closed && !isBusy()) this.#wait(retryAt - Date.now());
  }

  /** Null: for nothing. */
  #wait(milliseconds: number | null): void {
    clearTimeout(this.#retryTimer);
    this.#options.onWaiting(milliseconds === null ? null : Date.now() + milliseconds);
    if (milliseconds === null) return;
    this.#retryTimer = setTimeout(() => this.pump(), Math.min(LONGEST_TIMER_MS, milliseconds));
  }

  #settle(clientMessageId: string): void {
    this.#waiting.get(clientMessageId)?.();
    this.#waiting.delete(clientMessageId);
  }

  #settleAll(): void {
    for (const clientMessageId of [...this.#waiting.keys()]) this.#settle(clientMessageId);
  }
}
