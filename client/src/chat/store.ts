/** The state of a chat as one immutable snapshot, and who wants to know of changes. Decides nothing. */

import type { TextShower } from "../smoothing/smoother.js";
import { type Conversation, type KnownMessage, emptyConversation, replyOf, runningTurn } from "./conversation.js";
import { type ChatMessage, type ChatSnapshot, type ChatState, SnapshotMaker } from "./snapshot.js";
import type { TurnState } from "./turn-state.js";

export interface StoreOptions {
  sessionId: string | null;
  /** Shown before anything is read: of the session, or before a draft's first message. */
  initial: readonly KnownMessage[];
  /** Null: text shows as it comes. */
  shower: ((onText: (text: string) => void) => TextShower) | null;
  onMessage: (message: ChatMessage) => void;
  /** A turn that was seen running has ended. */
  onTurnEnd: (turn: TurnState) => void;
}

export class ChatStore {
  readonly #options: StoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly #maker = new SnapshotMaker();
  readonly #smoother: TextShower | null;
  #state: ChatState;
  #snapshot: ChatSnapshot | null = null;
  #streaming: { messageId: string; text: string } | null = null;
  #reported: ChatMessage | null = null;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#state = withMessages(initialState(options.sessionId), options.initial);
    this.#smoother = options.shower?.((text) => this.#show(text)) ?? null;
  }

  get state(): ChatState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same object until something changes. */
  snapshot(): ChatSnapshot {
    this.#snapshot ??= this.#maker.make(this.#state);
    return this.#snapshot;
  }

  update(patch: Partial<ChatState>): void {
    this.#change(patch);
    this.#notify();
  }

  /** Applies a fold to the conversation. One that only lets a text grow may show with the next frame. */
  fold(change: (conversation: Conversation) => Conversation, onlyGrows = false): void {
    const conversation = change(this.#state.conversation);
    if (conversation === this.#state.conversation) return;
    const smoothed = this.#change({ conversation });
    if (!onlyGrows || !smoothed) this.#notify();
  }

  close(): void {
    this.#smoother?.reset();
    this.#streaming = null;
    this.#state = { ...this.#state, shown: null };
    this.#snapshot = null;
  }

  /** Nothing is left of what was shown: somebody else acts. */
  reset(sessionId: string | null): void {
    const { online, warnings } = this.#state;
    this.#smoother?.reset();
    this.#streaming = null;
    this.#reported = null;
    this.#state = { ...initialState(sessionId), online, warnings };
    this.#notify();
  }

  /** Says whether the smoother will show the change. */
  #change(patch: Partial<ChatState>): boolean {
    const before = this.#state.conversation;
    this.#state = { ...this.#state, ...patch };
    this.#snapshot = null;
    const { conversation } = this.#state;
    if (conversation === before) return false;
    const smoothed = this.#smoother !== null && this.#smooth(this.#smoother);
    this.#reportEnds(before, conversation);
    return smoothed;
  }

  #smooth(smoother: TextShower): boolean {
    const { conversation } = this.#state;
    const turn = runningTurn(conversation);
    const reply = turn && replyOf(conversation, turn);
    const before = this.#streaming;
    if (!reply || reply.id !== before?.messageId) smoother.reset();
    this.#streaming = reply ? { messageId: reply.id, text: reply.content } : null;
    if (!reply || reply.id !== before?.messageId || !reply.content.startsWith(before.text)) {
      // What is there already, or begins anew, is shown as it is.
      this.#state = { ...this.#state, shown: this.#streaming };
      smoother.begin(reply?.content ?? "");
      return false;
    }
    if (reply.content !== before.text) smoother.show(reply.content);
    return true;
  }

  #show(text: string): void {
    if (!this.#streaming) return;
    this.#state = { ...this.#state, shown: { messageId: this.#streaming.messageId, text } };
    this.#notify();
  }

  #notify(): void {
    this.#snapshot = null;
    const { streamingMessage } = this.snapshot();
    // A reply without text is not reported, unless it had text before that became void.
    const isBegun = streamingMessage?.content !== "" || streamingMessage.id === this.#reported?.id;
    if (streamingMessage && isBegun && streamingMessage !== this.#reported) this.#options.onMessage(streamingMessage);
    this.#reported = isBegun ? streamingMessage : null;
    for (const listener of [...this.#listeners]) listener();
  }

  #reportEnds(before: Conversation, after: Conversation): void {
    for (const [turnId, turn] of Object.entries(after.turns)) {
      const ended = before.turns[turnId]?.status === "streaming" && turn.status !== "streaming";
      if (ended) this.#options.onTurnEnd(turn);
    }
  }
}

function initialState(sessionId: string | null): ChatState {
  return {
    conversation: emptyConversation,
    sessionId,
    entries: [],
    loaded: sessionId === null,
    online: true,
    error: null,
    run: null,
    connection: null,
    reconnectAt: null,
    retryAt: null,
    user: null,
    signedInElsewhere: null,
    unclaimed: [],
    warnings: [],
    choices: {},
    shown: null,
    opening: [],
  };
}

function withMessages(state: ChatState, messages: readonly KnownMessage[]): ChatState {
  if (messages.length === 0) return state;
  if (state.sessionId === null) return { ...state, opening: messages };
  return { ...state, conversation: { ...state.conversation, messages }, loaded: true };
}
