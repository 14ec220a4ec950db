/** Messages as the server tells them. */

import type { ActiveTurn, Message, MessagePage, MessageStatus, Role } from "../../src/index.js";
import { IDS } from "./frames.js";

export function message(
  id: string,
  role: Role,
  content: string,
  replyTo: string | null = null,
  status: MessageStatus = "complete",
): Message {
  const time = "2026-01-01T00:00:00.000Z";
  const turnId = status === "streaming" ? IDS.turnId : role === "assistant" ? `turn-of-${id}` : null;
  return {
    id,
    sessionId: IDS.sessionId,
    role,
    content,
    status,
    finishReason: null,
    usage: null,
    replyTo,
    turnId,
    clientMessageId: null,
    createdAt: time,
    updatedAt: time,
  };
}

export function page(messages: Message[], activeTurn: object | null = null): MessagePage {
  return { messages, nextCursor: null, activeTurn: activeTurn as ActiveTurn | null };
}
