/**
 * What wins where a row of a page, of a snapshot or of the feed meets what is known: one rule for all of them. Rows may
 * come late, so a row never lowers what events have told: an end stays an end, and a text that events have brought
 * further stays there.
 */

import type { Message } from "../wire/resources.js";
import type { KnownMessage } from "./reply.js";
import type { TurnState } from "./turn-state.js";

type Turns = Readonly<Record<string, TurnState>>;

/** The message that is shown of the two. `isAhead`: the row is known to be newer than the events of its turn. */
export function newest(old: KnownMessage, row: Message, turns: Turns, isAhead = false): KnownMessage {
  if (isLate(old, row, turns)) return old;
  // Answers to writes do not name the turn.
  const turnId = row.turnId ?? old.turnId;
  const content = row.status === "streaming" && !isAhead && isFurther(old, row, turns) ? old.content : row.content;
  return { ...old, ...row, turnId, content };
}

/** Whether the row was read before what is known of its message. */
function isLate(old: KnownMessage, row: Message, turns: Turns): boolean {
  const turnId = row.turnId ?? old.turnId;
  if (turnId === old.turnId) {
    if (row.status === "streaming") return old.status !== "streaming";
    return old.status !== "streaming" && isBefore(row.updatedAt, old.updatedAt);
  }
  // One of the two turns goes on with what the other has left.
  if (isBefore(row.updatedAt, old.updatedAt)) return true;
  const known = old.turnId === null ? undefined : turns[old.turnId];
  if (known === undefined) return false;
  const theirs = turnId === null ? undefined : turns[turnId];
  if (known.createdAt === null) return theirs !== undefined && theirs.status !== "streaming";
  return theirs?.createdAt ? isBefore(theirs.createdAt, known.createdAt) : !isBefore(known.createdAt, row.updatedAt);
}

/** Whether the message is another turn's by now, which a page has told before the events of this one came. */
export function isOutlived(turn: TurnState, message: KnownMessage): boolean {
  if (message.turnId === null || message.turnId === turn.turnId || turn.createdAt === null) return false;
  return isBefore(turn.createdAt, message.updatedAt);
}

/** While a turn is followed, its events alone tell how far its text is. */
function isFurther(old: KnownMessage, row: Message, turns: Turns): boolean {
  const turn = row.turnId === null ? undefined : turns[row.turnId];
  const isTold = turn !== undefined && turn.lastEventId > 0 && old.turnId === row.turnId;
  return isTold || old.content.startsWith(row.content);
}

/** Messages that a page cannot have known, since they came after it was read: those behind its last one. */
export function behind(messages: readonly KnownMessage[], page: readonly Message[]): readonly KnownMessage[] {
  const last = page.at(-1);
  const at = last === undefined ? -1 : messages.findIndex(({ id }) => id === last.id);
  if (last !== undefined && at < 0) return [];
  return messages.slice(at + 1);
}

/** An ended turn stays one. Also one that is known by its message alone. */
export function hasEnded(turnId: string, turns: Turns, messages: readonly KnownMessage[]): boolean {
  const turn = turns[turnId];
  if (turn !== undefined && turn.status !== "streaming") return true;
  return messages.some((message) => message.turnId === turnId && message.status !== "streaming");
}

function isBefore(one: string, other: string): boolean {
  return Date.parse(one) < Date.parse(other);
}
