/**
 * One conversation as an application uses it: what to show as immutable snapshots, and what a learner can do. Works
 * without a framework: a view subscribes and reads snapshots.
 */

import type { TutorClient } from "../client.js";
import { newKey } from "../environment.js";
import type { Outbox } from "../outbox/outbox.js";
import { sharedOutbox } from "../outbox/shared.js";
import { replyOf } from "./conversation.js";
import { draftName, endDraft } from "./draft.js";
import { OpenChat } from "./open-chat.js";
import { type ChatOptions, errorOf, smoothingOf, turnErrorOf } from "./options.js";
import type { ChatError, ChatMessage, ChatSnapshot } from "./snapshot.js";
import { ChatStore } from "./store.js";
import type { TurnState } from "./turn-state.js";

export class Chat {
  readonly #options: ChatOptions;
  readonly #client: TutorClient;
  readonly #outbox: Outbox;
  readonly #store: ChatStore;
  #draft: string | null = null;
  #life: OpenChat | null = null;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#outbox = options.outbox ?? sharedOutbox(options.client);
    this.#store = new ChatStore({
      sessionId: options.sessionId ?? null,
      smoothing: smoothingOf(options),
      onMessage: (message) => options.onMessage?.(message),
      onTurnEnd: (turn) => this.#turnEnded(turn),
    });
  }

  /** Calls back after each change. Returns what ends that. */
  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  /** The same object until something changes. */
  readonly getSnapshot = (): ChatSnapshot => this.#store.snapshot();

  /** Loads the session, joins a reply that is being written, and sends what was left unsent. */
  open(): void {
    if (this.#life !== null) return;
    this.#life = new OpenChat({
      client: this.#client,
      outbox: this.#outbox,
      store: this.#store,
      feed: this.#options.feed ?? true,
      conversation: () => this.#conversation,
      onSession: (sessionId) => this.#becomeSession(sessionId),
      onFailure: (cause) => this.#fail(errorOf(cause)),
    });
    void this.#life.start();
  }

  /** Leaves everything as it is: a reply goes on, and what is unsent stays. The chat may be opened again. */
  close(): void {
    this.#life?.close();
    this.#life = null;
    this.#store.close();
  }

  /**
   * Sends a message, or keeps it until it can be sent. Resolves with the reply when that has ended, with null when
   * the message stays in the outbox for now. What goes wrong is told by the snapshot and `onError`.
   */
  async send(text: string, userId = this.#options.userId): Promise<ChatMessage | null> {
    if (text.trim() === "") throw new TypeError("A message has more than white space.");
    this.#store.update({ error: null });
    const { sessionId } = this.#store.state;
    const subject = sessionId === null ? this.#options.subject : undefined;
    const draft = { conversation: this.#conversation, sessionId, text, userId, subject };
    const clientMessageId = await this.#opened().queue.send(draft);
    const { messages } = this.#store.snapshot();
    const sent = messages.find((message) => message.clientMessageId === clientMessageId);
    return (sent && messages.find((message) => message.replyTo === sent.id)) ?? null;
  }

  /** Stops the reply that is being written, and holds back what waits behind it. Its text so far is kept. */
  async stop(): Promise<void> {
    await this.#life?.stop();
  }

  /** Tries again what failed: what is unsent, what could not be loaded, else the last reply. */
  async retry(): Promise<void> {
    this.#store.update({ error: null });
    const { entries, loaded, conversation } = this.#store.state;
    const streaming = Object.values(conversation.turns).some((turn) => turn.status === "streaming");
    if (entries.length > 0) await this.resumeOutbox();
    else if (!loaded || streaming) await this.refresh();
    else await this.continue();
  }

  /** Goes on with a reply that did not come to its end. Default: the last one. */
  async continue(messageId?: string): Promise<void> {
    const { messages } = this.#store.snapshot();
    const reply = messageId ? messages.find(({ id }) => id === messageId) : messages.at(-1);
    const turnId = reply?.turnId;
    if (!turnId || reply.status === "complete" || reply.status === "streaming") return;
    const idempotencyKey = newKey();
    await this.#opened().act((options) => this.#client.continueTurn(turnId, { ...options, idempotencyKey }));
  }

  /** Has a message answered once more; the replies so far stay. Default: the last one. */
  async regenerate(messageId?: string): Promise<void> {
    const { sessionId, choices } = this.#store.state;
    const { messages } = this.#store.snapshot();
    const message = messageId ? messages.find(({ id }) => id === messageId) : messages.at(-1);
    if (sessionId === null || !message) return;
    const { [message.replyTo ?? message.id]: _chosen, ...others } = choices;
    this.#store.update({ choices: others });
    await this.#opened().act((options) => this.#client.regenerateMessage(sessionId, message.id, options));
  }

  /** Shows this one of the replies to its message. */
  choose(messageId: string): void {
    const { conversation, choices } = this.#store.state;
    const replyTo = conversation.messages.find(({ id }) => id === messageId)?.replyTo;
    if (replyTo) this.#store.update({ choices: { ...choices, [replyTo]: messageId } });
  }

  /** Looks at the server's messages again, and goes on with a reply whose connection was lost. */
  async refresh(): Promise<void> {
    await this.#opened().refresh();
  }

  async loadOlder(): Promise<void> {
    const life = this.#opened();
    await life.guard(() => life.view.loadOlder());
  }

  /** False when the message cannot be changed any more: it is being sent, or may have arrived. */
  editUnsent(clientMessageId: string, text: string): Promise<boolean> {
    return this.#outbox.edit(clientMessageId, text);
  }

  cancelUnsent(clientMessageId: string): Promise<void> {
    return this.#outbox.cancel(clientMessageId);
  }

  /** Sends what a stop or an error has held back. */
  async resumeOutbox(): Promise<void> {
    this.#store.update({ error: null });
    await this.#outbox.resume(this.#conversation);
    this.#opened().queue.pump();
  }

  get #conversation(): string {
    const { sessionId } = this.#store.state;
    if (sessionId !== null) return sessionId;
    this.#draft ??= draftName();
    return this.#draft;
  }

  #opened(): OpenChat {
    this.open();
    if (this.#life === null) throw new TypeError("The chat cannot be opened.");
    return this.#life;
  }

  #becomeSession(sessionId: string): void {
    if (this.#draft !== null) endDraft(this.#draft);
    this.#options.onSession?.(sessionId);
  }

  #turnEnded(turn: TurnState): void {
    if (turn.status === "failed") this.#fail(turnErrorOf(turn));
    const reply = replyOf(this.#store.state.conversation, turn);
    if (reply && turn.status !== "failed") {
      const shown = this.#store.snapshot().messages.find((message) => message.id === reply.id);
      this.#options.onComplete?.(shown ?? { ...reply, alternatives: [reply.id], delivery: "sent" });
    }
    if (turn.status !== "complete") this.#life?.queue.hold();
    this.#life?.queue.pump();
  }

  #fail(error: ChatError): void {
    this.#store.update({ error });
    this.#options.onError?.(error);
  }
}
