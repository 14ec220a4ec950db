/**
 * What is known of a session: its messages, and the turns that write them. Pure: pages, events of turns and events
 * of the feed are folded in, in any order and as often as they come.
 */

import type { ErrorData, FeedEvent, SessionEvent, TurnEvent } from "../wire/events.js";
import type { Message, MessagePage, Session, SessionFocus, Turn } from "../wire/resources.js";
import { type TurnState, initialTurn, reduce } from "./turn-state.js";

/** Ended turns that are remembered, so that late news of them are known to be old. */
const ENDED_TURNS_KEPT = 16;
/** The last event of a turn whose events are to be told anew, before the first one. */
const VOID = -1;

export interface KnownMessage extends Message {
  /** The same from before the server knew the message: for lists on a screen. */
  readonly key: string;
  /** What the model thought aloud, as far as this client saw it. */
  readonly reasoning: string;
  /** Why the reply failed, if this client saw it. */
  readonly error: ErrorData | null;
}

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
 * The newest page, as the server has it now. `ownTurn` is a turn that is followed by a stream of its own, which
 * alone tells how it goes.
 */
export function foldPage(
  conversation: Conversation,
  page: MessagePage,
  ownTurn: string | null = null,
): Conversation {
  const older = olderThan(conversation.messages, page.messages);
  const messages = page.messages.reduce(upsert, conversation.messages.slice(older.length));
  const known = new Set(page.messages.map((message) => message.id));
  const kept = messages.filter((message) => known.has(message.id) || isLocal(conversation, message));
  const olderCursor = older.length > 0 ? conversation.olderCursor : page.nextCursor;
  const next = { ...conversation, messages: [...older, ...kept], olderCursor };
  return foldActive(next, page, ownTurn);
}

export function foldOlderPage(conversation: Conversation, page: MessagePage): Conversation {
  const known = new Set(conversation.messages.map((message) => message.id));
  const older = page.messages.filter((message) => !known.has(message.id)).map(withKey);
  return { ...conversation, messages: [...older, ...conversation.messages], olderCursor: page.nextCursor };
}

/** A message that the server has taken but not shown yet. */
export function foldMessage(conversation: Conversation, message: Message, key = message.id): Conversation {
  const messages = upsert(conversation.messages, message);
  return { ...conversation, messages: messages.map((each) => (each.id === message.id ? { ...each, key } : each)) };
}

export function foldTurn(conversation: Conversation, turnId: string, event: TurnEvent): Conversation {
  const before = conversation.turns[turnId] ?? { ...initialTurn, turnId };
  const turn = reduce(before, event);
  if (turn === before) return conversation;
  const turns = forgetOld({ ...conversation.turns, [turnId]: turn });
  const voided = event.type === "rewind" || (event.type === "attempt-start" && event.data.mode === "restart");
  const messages = writeReply(conversation.messages, turn, voided);
  return { ...conversation, turns, messages, focus: turn.focus ?? conversation.focus };
}

/** The turn as the server answers when it was stopped: nothing is added to it any more. */
export function foldEnded(conversation: Conversation, ended: Turn): Conversation {
  const { turnId, messageId, sessionId, userMessageId, status, text, finishReason, usage, lastEventId } = ended;
  const known = conversation.turns[turnId] ?? initialTurn;
  const end = { status, text, finishReason, usage, lastEventId, notice: null };
  const turn = { ...known, turnId, messageId, sessionId, userMessageId, ...end };
  const turns = forgetOld({ ...conversation.turns, [turnId]: turn });
  return { ...conversation, turns, messages: writeReply(conversation.messages, turn, false) };
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
  const messages = upsert(conversation.messages, message);
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
  const next = foldPage(withoutRunning(conversation, ownTurn), page, ownTurn);
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
  if (activeTurn && activeTurn.turnId !== ownTurn && reply && (turns[activeTurn.turnId]?.lastEventId ?? -1) < activeTurn.lastEventId) {
    const { turnId, messageId, lastEventId } = activeTurn;
    const { sessionId, replyTo: userMessageId, content: text } = reply;
    const known = turns[turnId] ?? initialTurn;
    turns[turnId] = { ...known, turnId, messageId, sessionId, userMessageId, lastEventId, text };
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

function upsert(messages: readonly KnownMessage[], message: Message): KnownMessage[] {
  const at = messages.findIndex((each) => each.id === message.id);
  const old = messages[at];
  if (old === undefined) return [...messages, withKey(message)];
  const next = [...messages];
  // Answers to writes do not name the turn; a reply that streams here is newer than any row.
  const turnId = message.turnId ?? old.turnId;
  const streams = message.status === "streaming" && old.content.startsWith(message.content);
  const content = streams ? old.content : message.content;
  next[at] = { ...old, ...message, turnId, content };
  return next;
}

function withKey(message: Message): KnownMessage {
  return { ...message, key: message.id, reasoning: "", error: null };
}

function writeReply(
  messages: readonly KnownMessage[],
  turn: TurnState,
  voided: boolean,
): readonly KnownMessage[] {
  const at = messages.findIndex((message) => writes(turn, message));
  const old = messages[at] ?? emptyReply(turn);
  if (old === null) return messages;
  // The row may have told the end before the events did.
  const ended = old.turnId === turn.turnId && old.status !== "streaming";
  if (ended && turn.status === "streaming") return messages;
  // While a log is told again from its start, what is shown already stays.
  const ahead = turn.status === "streaming" && !voided && old.content.startsWith(turn.text);
  const { turnId, reasoning, status, finishReason, error, usage } = turn;
  const content = ahead ? old.content : turn.text;
  const reply = { ...old, turnId, content, reasoning, status, finishReason, error, usage };
  return at < 0 ? [...messages, reply] : messages.map((message, index) => (index === at ? reply : message));
}

/** Who joins late has not seen the event that names the message. */
function writes(turn: TurnState, message: KnownMessage): boolean {
  return turn.messageId === null ? message.turnId === turn.turnId : message.id === turn.messageId;
}

function emptyReply({ messageId, sessionId, userMessageId, turnId, createdAt }: TurnState): KnownMessage | null {
  if (messageId === null || sessionId === null) return null;
  const time = createdAt ?? "";
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

function forgetOld(turns: Record<string, TurnState>): Record<string, TurnState> {
  const ended = Object.entries(turns).filter(([, turn]) => turn.status !== "streaming");
  for (const [turnId] of ended.slice(0, -ENDED_TURNS_KEPT)) delete turns[turnId];
  return turns;
}
