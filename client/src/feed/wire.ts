/** What the tabs of one browser say to each other about a session's feed. */

import { type Conversation, runningTurn } from "../chat/conversation.js";
import type { FeedEvent } from "../wire/events.js";
import type { ActiveTurn, Message } from "../wire/resources.js";

export type TabMessage =
  /** The leading tab passes on what the server says. */
  | { kind: "event"; event: FeedEvent }
  /** A tab has no snapshot yet. */
  | { kind: "hello"; from: string }
  /** The leading tab's answer to that. */
  | { kind: "welcome"; to: string; event: FeedEvent }
  /** Another tab leads now: who has no snapshot says hello again. */
  | { kind: "leading" };

/** What the server would say to somebody who joins now; null before the first snapshot. */
export function snapshotEvent(conversation: Conversation): FeedEvent | null {
  const { session, place, messages } = conversation;
  if (session === null || place === null) return null;
  const turn = runningTurn(conversation);
  const activeTurn: ActiveTurn | null =
    turn?.turnId && turn.messageId
      ? { turnId: turn.turnId, messageId: turn.messageId, status: turn.status, lastEventId: turn.lastEventId }
      : null;
  const plain = messages.map(({ key: _key, reasoning: _reasoning, error: _error, ...message }): Message => {
    // What is shown may be ahead of the events when a log is told again.
    return turn && message.id === turn.messageId ? { ...message, content: turn.text } : message;
  });
  const data = { session, messages: plain, activeTurn, revision: session.revision };
  return { type: "session-snapshot", data, place };
}
