/** The message that a turn writes: how its events, and what rows have told of it, go together. */

import type { ErrorData, TurnEvent } from "../wire/events.js";
import type { Message } from "../wire/resources.js";
import { isOutlived } from "./precedence.js";
import type { TurnState } from "./turn-state.js";

export interface KnownMessage extends Message {
  /** The same from before the server knew the message: for lists on a screen. */
  readonly key: string;
  /** What the model thought aloud, as far as this client saw it. */
  readonly reasoning: string;
  /** Why the reply failed, if this client saw it. */
  readonly error: ErrorData | null;
}

export function withKey(message: Message): KnownMessage {
  return { ...message, key: message.id, reasoning: "", error: null };
}

/** What makes the text so far void. */
export type Voiding = "rewind" | "restart" | null;

export function voidedBy(event: TurnEvent): Voiding {
  if (event.type === "rewind") return "rewind";
  return event.type === "attempt-start" && event.data.mode === "restart" ? "restart" : null;
}

export function writeReply(messages: readonly KnownMessage[], turn: TurnState, voided: Voiding): readonly KnownMessage[] {
  const at = messages.findIndex((message) => writes(turn, message));
  const old = messages[at] ?? emptyReply(turn);
  if (old === null || isOutlived(turn, old)) return messages;
  const reply = voided !== "rewind" && isEnd(old, turn) ? afterEnd(old, turn) : written(old, turn, voided);
  return at < 0 ? [...messages, reply] : messages.map((message, index) => (index === at ? reply : message));
}

/** The row may have told the end before the events did: they add what no row has. */
function isEnd(old: KnownMessage, turn: TurnState): boolean {
  return old.turnId === turn.turnId && old.status !== "streaming";
}

function afterEnd(old: KnownMessage, { reasoning, error }: TurnState): KnownMessage {
  return { ...old, reasoning: reasoning || old.reasoning, error: error ?? old.error };
}

function written(old: KnownMessage, turn: TurnState, voided: Voiding): KnownMessage {
  // While a log is told again from its start, what is shown already stays.
  const ahead = turn.status === "streaming" && voided === null && old.content.startsWith(turn.text);
  const { turnId, reasoning, status, finishReason, error, usage } = turn;
  const content = ahead ? old.content : turn.text;
  return { ...old, turnId, content, reasoning, status, finishReason, error, usage };
}

/** Who joins late has not seen the event that names the message. */
export function writes(turn: TurnState, message: KnownMessage): boolean {
  return turn.messageId === null ? message.turnId === turn.turnId : message.id === turn.messageId;
}

function emptyReply({ messageId, sessionId, userMessageId, turnId, createdAt }: TurnState): KnownMessage | null {
  if (messageId === null || sessionId === null) return null;
  const time = createdAt ?? new Date(0).toISOString();
  return withKey({
    id: messageId,
    sessionId,
    role: "assistant",
    content: "",
    status: "streaming",
    finishReason: null,
    usage: null,
    replyTo: userMessageId,
    turnId,
    clientMessageId: null,
    createdAt: time,
    updatedAt: time,
  });
}
