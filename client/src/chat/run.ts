/** The one request of a chat that starts or follows a turn, from its first try to the turn's end. */

import type { TurnEvents, TurnStreamOptions } from "../client.js";
import type { ConnectionState } from "../stream/follow.js";
import type { Accepted } from "../stream/turn.js";
import type { OutboxEntry } from "../outbox/entry.js";
import type { Tries } from "../outbox/outbox.js";
import { Stopped } from "../outbox/outcome.js";
import type { TurnStart } from "../wire/events.js";
import { foldMessage, foldTurn } from "./conversation.js";
import { userMessage } from "./snapshot.js";
import type { ChatStore } from "./store.js";

export interface RunOptions {
  store: ChatStore;
  /** Tells itself when it fails. */
  stopTurn: (turnId: string) => Promise<void>;
  onAccepted?: (accepted: Accepted) => void;
  /** A turn that is known before the request is made. */
  turnId?: string;
  /** The message that the turn answers, until the server tells it. */
  entry?: OutboxEntry;
  /** Is told of tries that fail before the server has taken the message. */
  tries?: Tries;
}

export class Run {
  readonly #options: RunOptions;
  readonly #controller = new AbortController();
  #turnId: string | null;
  #stopAsked = false;
  #connection: ConnectionState["state"] = "connecting";

  constructor(options: RunOptions) {
    this.#options = options;
    this.#turnId = options.turnId ?? null;
  }

  get turnId(): string | null {
    return this.#turnId;
  }

  /** Nobody wants to see more of it. */
  get isLeft(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Shows the turn until it ends. Throws what the stream throws, and an AbortError after `leave`. */
  async follow(open: (options: TurnStreamOptions) => TurnEvents): Promise<void> {
    const { store, entry = null } = this.#options;
    store.update({ run: { accepted: this.#turnId !== null, entry }, connection: { state: "connecting" }, error: null });
    try {
      const events = open({
        signal: this.#controller.signal,
        onAccepted: (accepted) => this.#accept(accepted),
        onConnection: (connection) => this.#connect(connection),
      });
      for await (const event of events) {
        const turnId = this.#turnId;
        if (turnId === null || this.#controller.signal.aborted) continue;
        if (event.type === "turn-start") this.#showMessage(event.data);
        store.fold((conversation) => foldTurn(conversation, turnId, event), event.type === "text-delta");
      }
    } finally {
      store.update({ run: null, connection: null });
    }
  }

  /** No longer shows the turn, which goes on. */
  leave(): void {
    this.#controller.abort();
  }

  /** Stops the turn; before the server has named it, as soon as it does, or gives up asking for it. */
  async stop(): Promise<void> {
    if (this.#turnId !== null) return this.#options.stopTurn(this.#turnId);
    this.#stopAsked = true;
    if (this.#connection === "waiting") this.#giveUp();
  }

  #giveUp(): void {
    this.#controller.abort(new Stopped("The sending was stopped."));
  }

  #accept(accepted: Accepted): void {
    this.#turnId = accepted.turnId;
    const { store, entry = null, onAccepted } = this.#options;
    store.update({ run: { accepted: true, entry } });
    onAccepted?.(accepted);
    if (this.#stopAsked) void this.#options.stopTurn(accepted.turnId);
  }

  #showMessage({ userMessageId: id, sessionId, createdAt }: TurnStart): void {
    const { entry, store } = this.#options;
    if (!entry) return;
    const message = userMessage(entry, { id, sessionId, createdAt });
    store.fold((conversation) => foldMessage(conversation, message, entry.clientMessageId));
  }

  #connect(connection: ConnectionState): void {
    const { state } = connection;
    this.#connection = state;
    const reconnectAt = connection.state === "waiting" ? Date.now() + connection.delayMs : null;
    this.#options.store.update({ connection, reconnectAt });
    if (state !== "waiting" || this.#turnId !== null) return;
    this.#options.tries?.failed(connection.error);
    if (this.#stopAsked) this.#giveUp();
  }
}
