/**
 * One conversation as an application uses it: what to show as immutable snapshots, and what a learner can do. Works
 * without a framework: a view subscribes and reads snapshots.
 */

import type { TutorClient } from "../client.js";
import { newKey } from "../environment.js";
import { NOBODY, type Owner, isSameOwner } from "../identity/owner.js";
import type { Outbox } from "../outbox/outbox.js";
import { sharedOutbox } from "../outbox/shared.js";
import { replyOf } from "./conversation.js";
import { errorOf, turnErrorOf } from "./errors.js";
import { initialMessages } from "./initial.js";
import { OpenChat } from "./open-chat.js";
import { type ChatOptions, showerOf } from "./options.js";
import type { ChatError, ChatMessage, ChatSnapshot } from "./snapshot.js";
import { ChatStore } from "./store.js";
import { type SendResult, resultOf } from "./send-result.js";
import { onWarning, warnings } from "../warnings.js";
import type { TurnState } from "./turn-state.js";

/** What a user was at, when somebody else took over. */
interface Left {
  owner: Owner;
  sessionId: string | null;
  draft: string | null;
}

export class Chat {
  readonly #options: ChatOptions;
  readonly #client: TutorClient;
  readonly #outbox: Outbox;
  readonly #store: ChatStore;
  #left: readonly Left[] = [];
  #life: OpenChat | null = null;
  /** The time in which nobody has replaced the credentials, and in which what is shown was read. */
  #period: string;
  #stopListening: (() => void)[] = [];

  constructor(options: ChatOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#outbox = options.outbox ?? sharedOutbox(options.client);
    this.#period = options.client.identity.period;
    this.#store = new ChatStore({
      sessionId: options.sessionId || null,
      initial: initialMessages(options.initialMessages ?? [], options.sessionId || null),
      shower: showerOf(options),
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
    const { identity } = this.#client;
    // Somebody else has come while it was closed.
    if (identity.period !== this.#period) this.#store.reset(null);
    this.#stopListening = [identity.onChange((owner) => this.#actsNow(owner)), onWarning(() => this.#warn())];
    this.#warn();
    this.#begin();
  }

  /** Leaves everything as it is: a reply goes on, and what is unsent stays. The chat may be opened again. */
  close(): void {
    for (const stop of this.#stopListening.splice(0)) stop();
    this.#end();
    this.#store.close();
  }

  /**
   * Sends a message, or keeps it until it can be sent. Resolves with the reply when that has ended, with null when
   * there is none here: `submit` says why. What goes wrong is told by the snapshot and `onError`.
   */
  async send(text: string, userId = this.#options.userId): Promise<ChatMessage | null> {
    const result = await this.submit(text, userId);
    return result.outcome === "answered" ? result.message : null;
  }

  /** As `send`, and says what became of the message. Never rejects for what the server or the network do. */
  async submit(text: string, userId = this.#options.userId): Promise<SendResult> {
    if (text.trim() === "") return { outcome: "empty" };
    this.#store.update({ error: null });
    const life = await this.#readied();
    if (life === null) return { outcome: "closed" };
    const { sessionId } = this.#store.state;
    const subject = sessionId === null ? this.#options.subject : undefined;
    const draft = { conversation: life.place.conversation, sessionId, text, userId: userId || undefined, subject };
    const clientMessageId = await life.queue.send(draft);
    return resultOf(this.#store.snapshot(), clientMessageId, this.#life !== life);
  }

  /** Stops the reply that is being written, and holds back what waits behind it. Its text so far is kept. */
  async stop(): Promise<void> {
    const life = this.#life;
    await life?.ready;
    await life?.stop();
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
    return this.#change(false, (outbox) => outbox.edit(clientMessageId, text));
  }

  cancelUnsent(clientMessageId: string): Promise<void> {
    return this.#change(undefined, (outbox) => outbox.cancel(clientMessageId));
  }

  /** Has one unsent message tried again, now. */
  retryUnsent(clientMessageId: string): Promise<void> {
    this.#store.update({ error: null });
    return this.#change(undefined, (outbox) => outbox.retry(clientMessageId));
  }

  /** Gives up what was left by earlier sign-ins and nobody can claim. */
  discardUnclaimed(): Promise<void> {
    return this.#change(undefined, async (outbox) => {
      await outbox.discardUnclaimed();
      this.#store.update({ unclaimed: await outbox.unclaimed() });
    });
  }

  /** Has all that is unsent in this conversation tried again, now: what was held back, refused or put off. */
  resumeOutbox(): Promise<void> {
    this.#store.update({ error: null });
    return this.#change(undefined, (outbox, conversation) => outbox.resume(conversation));
  }

  #opened(): OpenChat {
    this.open();
    if (this.#life === null) throw new TypeError("The chat cannot be opened.");
    return this.#life;
  }

  /** Null when it is closed, or somebody else acts, before it is known who does. */
  async #readied(): Promise<OpenChat | null> {
    const { identity } = this.#client;
    const { period } = identity;
    for (let life: OpenChat | null = this.#opened(); ; life = this.#life) {
      if (life === null || identity.period !== period) return null;
      await life.ready;
      if (life === this.#life) return life.place.outbox === null ? null : life;
    }
  }

  /** Changes what is unsent, and has what may go now sent. */
  async #change<T>(otherwise: T, change: (outbox: Outbox, conversation: string) => Promise<T>): Promise<T> {
    const life = await this.#readied();
    const { outbox = null, conversation = "" } = life?.place ?? {};
    if (outbox === null) return otherwise;
    const result = await change(outbox, conversation);
    life?.queue.pump();
    return result;
  }

  #begin(): void {
    const { feed = true } = this.#options;
    this.#period = this.#client.identity.period;
    this.#life = new OpenChat({
      client: this.#client,
      outbox: this.#outbox,
      store: this.#store,
      feed,
      isChanged: this.#left.length > 0,
      onOwner: (owner) => this.#take(owner),
      draftOf: (owner) => this.#leftBy(owner)?.draft ?? null,
      onSession: (sessionId) => this.#options.onSession?.(sessionId),
      onFailure: (cause) => this.#fail(errorOf(cause)),
    });
  }

  #end(): void {
    const { owner = null, draft = null } = this.#life?.place ?? {};
    if (owner !== null) this.#leave({ owner, draft, sessionId: this.#store.state.sessionId });
    const life = this.#life;
    this.#life = null;
    life?.close();
  }

  /** Others are forgotten only with the chat: they may come back. */
  #leave(left: Left): void {
    this.#left = [...this.#left.filter(({ owner }) => !isSameOwner(owner, left.owner)), left];
  }

  #leftBy(owner: Owner): Left | undefined {
    return this.#left.find((left) => isSameOwner(left.owner, owner));
  }

  /** Who has been here before is back where they left. */
  #take(owner: Owner): void {
    const sessionId = this.#leftBy(owner)?.sessionId ?? null;
    if (sessionId !== null && this.#store.state.sessionId === null) this.#store.update({ sessionId, loaded: false });
  }

  /** Null: it is not known yet who. What was shown of somebody else is gone at once. */
  #actsNow(owner: Owner | null): void {
    const before = this.#life?.place.owner ?? null;
    if (owner !== null && (before === null || this.#isStill(before, owner))) return this.#life?.renamed();
    this.#end();
    this.#store.reset(null);
    this.#begin();
  }

  #isStill(before: Owner, now: Owner): boolean {
    // Whoever it was that nobody had named: nobody has replaced the credentials since.
    const unnamed = before.drawer === NOBODY && before.user === null && this.#period === this.#client.identity.period;
    return unnamed || isSameOwner(before, now);
  }

  #warn(): void {
    const known = this.#store.state.warnings;
    const all = warnings();
    this.#store.update({ warnings: all });
    for (const warning of all) if (!known.includes(warning)) this.#options.onWarning?.(warning);
  }

  #turnEnded(turn: TurnState): void {
    if (turn.status === "failed") this.#fail(turnErrorOf(turn));
    const reply = replyOf(this.#store.state.conversation, turn);
    if (reply) {
      const shown = this.#store.snapshot().messages.find((message) => message.id === reply.id);
      const message = shown ?? ({ ...reply, alternatives: [reply.id], delivery: "sent" } as const);
      if (message.content !== "") this.#options.onMessage?.(message);
      if (turn.status !== "failed") this.#options.onComplete?.(message);
    }
    // A reply that a crash of the server cut off does not hold back later messages.
    if (turn.status === "stopped") this.#life?.queue.hold("stop");
    if (turn.status === "failed") this.#life?.queue.hold("failure");
    this.#life?.queue.pump();
  }

  #fail(error: ChatError): void {
    this.#store.update({ error });
    this.#options.onError?.(error);
  }
}
