/**
 * Sends what waits in the outbox of one conversation: one message after the other, each when the reply before it has
 * ended well. After a failure that may pass it tries again by itself.
 */

import { isOnline, onWake } from "../environment.js";
import { NetworkError, Problem } from "../http/problem.js";
import type { OutboxEntry } from "../outbox/entry.js";
import type { Draft, Outbox } from "../outbox/outbox.js";
import { Backoff } from "../stream/backoff.js";

/** A message on its way. */
export interface Delivery {
  /** The server has stored it. */
  accepted: Promise<{ sessionId: string }>;
  /** Its reply has ended, or could not be followed further; never rejects. */
  ended: Promise<void>;
}

export interface QueueOptions {
  outbox: Outbox;
  /** The conversation's name in the outbox, which changes when a draft becomes a session. */
  conversation: () => string;
  deliver: (entry: OutboxEntry) => Delivery;
  /** Whether a reply is being written. */
  isBusy: () => boolean;
  onFailure: (error: unknown) => void;
}

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
    const { outbox } = this.#options;
    await outbox.resume(draft.conversation);
    const { clientMessageId } = await outbox.add(draft);
    const settled = new Promise<void>((resolve) => this.#waiting.set(clientMessageId, resolve));
    this.pump();
    await settled;
    return clientMessageId;
  }

  /** Sends what may be sent now. */
  pump(): void {
    clearTimeout(this.#retryTimer);
    this.#asked = true;
    if (!this.#draining) void this.#drainWhileAsked();
  }

  /** Keeps what waits: somebody has stopped a reply, or one has failed. */
  hold(): void {
    const { outbox, conversation, onFailure } = this.#options;
    this.#holding = outbox.pause(conversation()).catch(onFailure);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
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
    try {
      while (!this.#closed && isOnline() && !isBusy()) {
        await this.#holding;
        if (!(await this.#sendNext())) break;
        this.#backoff.progress();
      }
    } catch (error) {
      // Who asked meanwhile asked for what has just failed.
      this.#asked = false;
      this.#retryLater(error);
    }
  }

  async #sendNext(): Promise<boolean> {
    const { outbox, conversation, deliver } = this.#options;
    let ended = Promise.resolve();
    const entry = await outbox.sendNext(conversation(), (next) => {
      const delivery = deliver(next);
      ended = delivery.ended;
      return delivery.accepted;
    });
    if (entry === null) return false;
    await ended;
    this.#settle(entry.clientMessageId);
    return true;
  }

  #retryLater(error: unknown): void {
    if (this.#closed) return;
    this.#options.onFailure(error);
    const passing = error instanceof NetworkError || (error instanceof Problem && error.retryable);
    if (!passing) return;
    const politeMs = error instanceof Problem ? (error.retryAfterMs ?? 0) : 0;
    this.#retryTimer = setTimeout(() => this.pump(), politeMs + this.#backoff.fail());
  }

  #settle(clientMessageId: string): void {
    this.#waiting.get(clientMessageId)?.();
    this.#waiting.delete(clientMessageId);
  }

  #settleAll(): void {
    for (const clientMessageId of [...this.#waiting.keys()]) this.#settle(clientMessageId);
  }
}
