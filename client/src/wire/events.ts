/** The events of a turn's stream and of a session's feed, in the names of the wire. */

import type {
  ActiveTurn,
  EndStatus,
  FinishReason,
  Message,
  Session,
  SessionFocus,
  Usage,
} from "./resources.js";

export interface TurnStart {
  turnId: string;
  sessionId: string;
  userMessageId: string;
  messageId: string;
  provider: string;
  model: string;
  createdAt: string;
}

export interface TextOf {
  text: string;
}

export interface AttemptStart {
  attempt: number;
  /** `continue`: the text goes on. `restart`: the text of this reply so far is void. */
  mode: "continue" | "restart";
  provider: string;
  model: string;
  reason: string;
}

export interface ErrorData {
  code: string;
  title: string;
  detail: string;
  retryable: boolean;
  retryAfterMs?: number;
}

export interface TurnEnd {
  status: EndStatus;
  finishReason: FinishReason | null;
  usage: Usage;
  messageId: string;
  /** In Unicode scalar values. */
  textLength: number;
  cached: boolean;
}

/** Numbered and stored before they are sent. */
export interface DurableData {
  "turn-start": TurnStart;
  "session-focus": SessionFocus;
  "reasoning-delta": TextOf;
  "text-delta": TextOf;
  "attempt-start": AttemptStart;
  error: ErrorData;
  "turn-end": TurnEnd;
}

/** About the moment: never stored, and they may be missed. */
export interface PassingData {
  retrying: { attempt: number; inMs: number; reason: string };
  /** As many calls run at the provider as may: 1 is the next. */
  waiting: { position: number };
  "storage-degraded": Record<string, never>;
  /** The server ends this connection; the turn goes on. */
  reconnect: { afterMs: number };
  /** What came after this event is void, and follows anew. */
  rewind: { lastEventId: number };
  "auth-expired": Record<string, never>;
}

/** What changes a session. */
export interface SessionData {
  "session-snapshot": {
    session: Session;
    messages: Message[];
    activeTurn: ActiveTurn | null;
    /** Leads to older messages in the session's list, when there are any. */
    nextCursor?: string;
    revision: number;
  };
  "message-created": { message: Message; revision: number };
  "message-updated": { message: Message; revision: number };
  "session-updated": { session: Session; revision: number };
  "session-deleted": Record<string, never>;
  presence: Record<string, unknown>;
  ephemeral: Record<string, unknown>;
}

export type DurableType = keyof DurableData;
export type PassingType = keyof PassingData;
export type SessionType = keyof SessionData;

/** An event with a number: 1, 2, 3 … within its turn. */
export type DurableEvent = { [T in DurableType]: { type: T; id: number; data: DurableData[T] } }[DurableType];

export type PassingEvent = { [T in PassingType]: { type: T; data: PassingData[T] } }[PassingType];

/** What the stream of a turn gives. */
export type TurnEvent = DurableEvent | PassingEvent;

export type SessionEvent = { [T in SessionType]: { type: T; data: SessionData[T] } }[SessionType];

/** An event of a turn as the feed of its session tells it: also what is the matter with it at the moment. */
export type FeedTurnEvent = (DurableEvent | PassingEvent) & { turnId: string };

/** What the feed of a session gives. `place` is where to go on from; the server alone can read it. */
export type FeedEvent = (SessionEvent | FeedTurnEvent | PassingEvent) & { place: string | null };
