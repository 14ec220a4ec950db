/** A turn as its events tell it: a pure fold. An event that was folded already changes nothing. */

import type { DurableEvent, ErrorData, PassingEvent, TurnEvent } from "../wire/events.js";
import type { FinishReason, MessageStatus, SessionFocus, Usage } from "../wire/resources.js";

/**
 * What is the matter with a running turn. `restarted`: its text is void, and another attempt writes it anew. `waiting`:
 * for a place at its provider.
 */
export type Notice = "retrying" | "storage-degraded" | "restarted" | "waiting";

export interface TurnState {
  readonly turnId: string | null;
  readonly sessionId: string | null;
  readonly userMessageId: string | null;
  readonly messageId: string | null;
  readonly createdAt: string | null;
  /** The last event in this state. */
  readonly lastEventId: number;
  readonly status: MessageStatus;
  readonly text: string;
  /** What the model thought aloud. */
  readonly reasoning: string;
  /** How often a provider was asked. */
  readonly attempts: number;
  readonly provider: string | null;
  readonly model: string | null;
  readonly focus: SessionFocus | null;
  readonly error: ErrorData | null;
  readonly finishReason: FinishReason | null;
  readonly usage: Usage | null;
  readonly cached: boolean;
  readonly notice: Notice | null;
  /** While `notice` is `retrying`: how long the server waits before it asks again, in milliseconds. */
  readonly retryInMs: number | null;
  /** While `notice` is `waiting`: its place among those that wait at its provider; 1 is the next. */
  readonly waitingPosition: number | null;
}

/** Before the first event. */
export const initialTurn: TurnState = Object.freeze({
  turnId: null,
  sessionId: null,
  userMessageId: null,
  messageId: null,
  createdAt: null,
  lastEventId: 0,
  status: "streaming",
  text: "",
  reasoning: "",
  attempts: 1,
  provider: null,
  model: null,
  focus: null,
  error: null,
  finishReason: null,
  usage: null,
  cached: false,
  notice: null,
  retryInMs: null,
  waitingPosition: null,
});

export function reduce(state: TurnState, event: TurnEvent): TurnState {
  if (!("id" in event)) return reducePassing(state, event);
  if (event.id <= state.lastEventId) return state;
  return { ...state, ...changes(state, event), lastEventId: event.id };
}

function changes(state: TurnState, event: DurableEvent): Partial<TurnState> {
  switch (event.type) {
    case "turn-start":
      return startOf(event.data);
    case "session-focus":
      return { focus: event.data };
    case "reasoning-delta":
      return { reasoning: state.reasoning + event.data.text, ...written(state) };
    case "text-delta":
      return { text: state.text + event.data.text, ...written(state) };
    case "attempt-start":
      return attemptOf(event.data);
    case "error":
      return { error: event.data };
    case "turn-end": {
      const { status, finishReason, usage, cached } = event.data;
      return { status, finishReason, usage, cached, ...CALM };
    }
  }
}

const CALM = { notice: null, retryInMs: null, waitingPosition: null } as const;

/** New text ends what was the matter, but not the reason why the text before it is gone. */
function written({ notice }: TurnState): Partial<TurnState> {
  return notice === "restarted" ? {} : CALM;
}

type DataOf<T extends DurableEvent["type"]> = Extract<DurableEvent, { type: T }>["data"];

function startOf(data: DataOf<"turn-start">): Partial<TurnState> {
  const { turnId, sessionId, userMessageId, messageId, provider, model, createdAt } = data;
  return { turnId, sessionId, userMessageId, messageId, provider, model, createdAt };
}

function attemptOf({ attempt, mode, provider, model }: DataOf<"attempt-start">): Partial<TurnState> {
  const known = { attempts: attempt, provider, model, ...CALM };
  return mode === "restart" ? { ...known, text: "", reasoning: "", notice: "restarted" } : known;
}

function reducePassing(state: TurnState, event: PassingEvent): TurnState {
  switch (event.type) {
    case "rewind":
      // What came after that event cannot be taken out of a text, so all of it is told again.
      return event.data.lastEventId < state.lastEventId ? { ...initialTurn, turnId: state.turnId } : state;
    case "retrying":
      return noticed(state, { ...CALM, notice: "retrying", retryInMs: Number(event.data.inMs) || 0 });
    case "storage-degraded":
      return noticed(state, { ...CALM, notice: "storage-degraded" });
    case "waiting":
      return noticed(state, { ...CALM, notice: "waiting", waitingPosition: Number(event.data.position) || 0 });
    default:
      return state;
  }
}

function noticed(state: TurnState, changes: Partial<TurnState>): TurnState {
  return state.status === "streaming" ? { ...state, ...changes } : state;
}
