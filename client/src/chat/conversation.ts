/**
 * What is known of a session: its messages, and the turns that write them. Pure: pages, events of turns and events
 * of the feed are folded in, in any order and as often as they come.
 */

import type { FeedEvent, SessionEvent, TurnEvent } from "../wire/events.js";
import type { ActiveTurn, Message, MessagePage, Session, SessionFocus, Turn } from "../wire/resources.js";
import { behind, hasEnded, newest } from "./precedence.js";
import { type KnownMessage, voidedBy, withKey, writeReply, writes } from "./reply.js";
import { type TurnState, initialTurn, reduce } from "./turn-state.js";

/** Ended turns that are remembered, so that late news of them are known to be old. */
const ENDED_TURNS_KEPT = 16;
/** The last event of a turn whose events are to be told anew, before the first one. */
const VOID = -1;

export type { KnownMessage };

export interface Conversation {
  readonly session: Session | null;
  readonly deleted: boolean;
  /** Where the feed goes on. */
  readonly place: string | null;
  readonly messages: readonly KnownMessage[];
  /** Leads to older messages. */
  readonly olderCursor: string | null;
  readonly turns: Readonly<Record<string, TurnState>>;
  readonly focus: SessionFocus | null;
}

export const emptyConversation: Conversation = Object.freeze({
  session: null,
  deleted: false,
  place: null,
  messages: [],
  olderCursor: null,
  turns: {},
  focus: null,
});

/** The first turn that runs, if any: a session may have others that wait for it. */
export function runningTurn(conversation: Conversation): TurnState | null {
  return Object.values(conversation.turns).find((turn) => turn.status === "streaming") ?? null;
}

/** The message that a turn writes. */
export function replyOf({ messages }: Conversation, turn: TurnState): KnownMessage | null {
  return messages.find((message) => writes(turn, message)) ?? null;
}

/**
 * The newest page, as the server had it when it was read. `ownTurn` is a turn that is followed by a stream of its own,
 * which alone tells how it goes.
 */
export function foldPage(conversation: Conversation, page: MessagePage, ownTurn: string | null = null): Conversation {
  if (isOutrun(conversation.messages, page.messages)) return conversation;
  return foldRows(conversation, page, { ownTurn, mayBeLate: true });
}

interface Reading {
  ownTurn: string | null;
  /** What came after it was read is not in it, and stays. */
  mayBeLate: boolean;
}

function foldRows(conversation: Conversation, page: MessagePage, { ownTurn, mayBeLate }: Reading): Conversation {
  const { turns } = conversation;
  const older = olderThan(conversation.messages, page.messages);
  const newer = new Set(mayBeLate ? behind(conversation.messages, page.messages) : []);
  const { activeTurn } = page;
  const ahead = activeTurn !== null && activeTurn.turnId !== ownTurn && isNews(conversation, activeTurn) ? activeTurn.messageId : null;
  const messages = page.messages.reduce(
    (known, row) => upsert(known, row, turns, row.id === ahead),
    conversation.messages.slice(older.length),
  );
  const known = new Set(page.messages.map((message) => message.id));
  const kept = messages.filter((message) => known.has(message.id) || newer.has(message) || isLocal(conversation, message));
  const olderCursor = older.length > 0 ? conversation.olderCursor : page.nextCursor;
  const next = { ...conversation, messages: [...older, ...kept], olderCursor };
  return foldActive(next, page, ownTurn);
}

/** Whether the page tells more of the running turn than its events have. */
function isNews({ turns, messages }: Conversation, { turnId, lastEventId }: ActiveTurn): boolean {
  return !hasEnded(turnId, turns, messages) && (turns[turnId]?.lastEventId ?? VOID) < lastEventId;
}

export function foldOlderPage(conversation: Conversation, page: MessagePage): Conversation {
  const known = new Set(conversation.messages.map((message) => message.id));
  const older = page.messages.filter((message) => !known.has(message.id)).map(withKey);
  return { ...conversation, messages: [...older, ...conversation.messages], olderCursor: page.nextCursor };
}

/** A message that the server has taken but not shown yet. */
export function foldMessage(conversation: Conversation, message: Message, key = message.id): Conversation {
  const messages = upsert(conversation.messages, message, conversation.turns);
  return { ...conversation, messages: messages.map((each) => (each.id === message.id ? { ...each, key } : each)) };
}

export function foldTurn(conversation: Conversation, turnId: string, event: TurnEvent): Conversation {
  const before = conversation.turns[turnId] ?? { ...initialTurn, turnId };
  const turn = reduce(before, event);
  if (turn === before) return conversation;
  const turns = forgetOld({ ...conversation.turns, [turnId]: turn });
  const messages = writeReply(conversation.messages, turn, voidedBy(event));
  return { ...conversation, turns, messages, focus: turn.focus ?? conversation.focus };
}

/** The turn as the server answers when it was stopped: nothing is added to it any more. */
export function foldEnded(conversation: Conversation, ended: Turn): Conversation {
  const { turnId, messageId, sessionId, userMessageId, status, text, finishReason, usage, lastEventId } = ended;
  const known = conversation.turns[turnId] ?? initialTurn;
  const end = { status, text, finishReason, usage, lastEventId, notice: null };
  const turn = { ...known, turnId, messageId, sessionId, userMessageId, ...end };
  const turns = forgetOld({ ...conversation.turns, [turnId]: turn });
  return { ...conversation, turns, messages: writeReply(conversation.messages, turn, null) };
}

/** `ownTurn` as above. */
export function foldFeed(before: Conversation, event: FeedEvent, ownTurn: string | null = null): Conversation {
  const conversation = event.place === null ? before : { ...before, place: event.place };
  if ("turnId" in event) {
    // What is the matter at the moment begins no turn: one that is not known has ended.
    const isNews = "id" in event || conversation.turns[event.turnId] !== undefined;
    return event.turnId === ownTurn || !isNews ? conversation : foldTurn(conversation, event.turnId, event);
  }
  switch (event.type) {
    case "session-snapshot":
      return foldSnapshot(conversation, event.data, ownTurn);
    case "message-created":
      return foldRow(conversation, event.data.message, ownTurn);
    case "message-updated":
      // One that is not there is older than what is shown.
      return conversation.messages.some(({ id }) => id === event.data.message.id)
        ? foldRow(conversation, event.data.message, ownTurn)
        : conversation;
    case "session-updated":
      return { ...conversation, session: event.data.session };
    case "session-deleted":
      return { ...conversation, deleted: true };
    case "storage-degraded": {
      const turnId = runningTurn(conversation)?.turnId ?? null;
      return turnId === null || turnId === ownTurn ? conversation : foldTurn(conversation, turnId, event);
    }
    default:
      return conversation;
  }
}

/** A turn that ended while nobody listened is told by its message alone. */
function foldRow(conversation: Conversation, message: Message, ownTurn: string | null): Conversation {
  const messages = upsert(conversation.messages, message, conversation.turns);
  const { turnId, status, content: text, finishReason, usage } = message;
  const turn = turnId === null || turnId === ownTurn ? undefined : conversation.turns[turnId];
  if (!turn || turnId === null || turn.status !== "streaming" || status === "streaming") {
    return { ...conversation, messages };
  }
  const ended = { ...turn, status, text, finishReason, usage, notice: null };
  return { ...conversation, messages, turns: { ...conversation.turns, [turnId]: ended } };
}

type Snapshot = Extract<SessionEvent, { type: "session-snapshot" }>["data"];

function foldSnapshot(
  conversation: Conversation,
  snapshot: Snapshot,
  ownTurn: string | null,
): Conversation {
  const { session, messages, activeTurn } = snapshot;
  const page = { messages, activeTurn, nextCursor: conversation.olderCursor };
  const next = foldRows(withoutRunning(conversation, ownTurn), page, { ownTurn, mayBeLate: false });
  // A turn that the server no longer knows of, since an older copy was put in place, has no message either.
  const known = Object.entries(next.turns).filter(
    ([turnId, turn]) => turnId === ownTurn || next.messages.some((message) => writes({ ...turn, turnId }, message)),
  );
  return { ...next, turns: Object.fromEntries(known), session };
}

/** A snapshot replaces what is known of replies that are being written elsewhere, also what it has less of. */
function withoutRunning(conversation: Conversation, ownTurn: string | null): Conversation {
  const turns = Object.entries(conversation.turns).map(([turnId, turn]): [string, TurnState] => {
    if (turn.status !== "streaming" || turnId === ownTurn) return [turnId, turn];
    return [turnId, { ...turn, text: "", reasoning: "", lastEventId: VOID }];
  });
  const messages = conversation.messages.map((message) =>
    message.status === "streaming" && message.turnId !== ownTurn ? { ...message, content: "" } : message,
  );
  return { ...conversation, turns: Object.fromEntries(turns), messages };
}

/** The page tells which turn runs, and how those ended that no longer do. */
function foldActive(conversation: Conversation, page: MessagePage, ownTurn: string | null): Conversation {
  const turns = { ...conversation.turns };
  for (const message of page.messages) {
    const { turnId, status } = message;
    const turn = turnId === null || turnId === ownTurn ? undefined : turns[turnId];
    if (turn && turnId !== null && status !== "streaming") turns[turnId] = { ...turn, status };
  }
  const { activeTurn } = page;
  const reply = page.messages.find((message) => message.id === activeTurn?.messageId);
  if (activeTurn && activeTurn.turnId !== ownTurn && reply && isNews(conversation, activeTurn)) {
    const { turnId, messageId, lastEventId } = activeTurn;
    const { sessionId, replyTo: userMessageId, content: text } = reply;
    const known = turns[turnId] ?? initialTurn;
    // Of a turn whose start was missed this is the earliest time that is known.
    const createdAt = known.createdAt ?? reply.updatedAt;
    turns[turnId] = { ...known, turnId, messageId, sessionId, userMessageId, createdAt, lastEventId, text };
  }
  return { ...conversation, turns: forgetOld(turns) };
}

/** What `messages` holds before the page begins; nothing when they do not touch: that would leave a gap. */
function olderThan(messages: readonly KnownMessage[], page: readonly Message[]): readonly KnownMessage[] {
  const begin = messages.findIndex((message) => message.id === page[0]?.id);
  return messages.slice(0, Math.max(0, begin));
}

/** A reply that is being written may be newer than a page. */
function isLocal({ turns }: Conversation, message: KnownMessage): boolean {
  return Object.values(turns).some(
    (turn) =>
      turn.status === "streaming" && turn.lastEventId !== VOID && (turn.messageId === message.id || turn.userMessageId === message.id),
  );
}

function upsert(messages: readonly KnownMessage[], row: Message, turns: Conversation["turns"], isAhead = false): KnownMessage[] {
  const old = messages.find((each) => each.id === row.id);
  if (old === undefined) return [...messages, withKey(row)];
  return messages.map((each) => (each === old ? newest(old, row, turns, isAhead) : each));
}

/** Whether all of a page is older than all that is known. */
function isOutrun(messages: readonly KnownMessage[], page: readonly Message[]): boolean {
  const [first, last] = [messages[0], page.at(-1)];
  if (first === undefined || last === undefined || messages.some(({ id }) => id === last.id)) return false;
  return Date.parse(last.createdAt) < Date.parse(first.createdAt);
}

function forgetOld(turns: Record<string, TurnState>): Record<string, TurnState> {
  const ended = Object.entries(turns).filter(([, turn]) => turn.status !== "streaming");
  for (const [turnId] of ended.slice(0, -ENDED_TURNS_KEPT)) delete turns[turnId];
  return turns;
}
