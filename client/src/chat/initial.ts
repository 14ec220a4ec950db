/** Messages that a chat is made with, before the server has told any: of a page that was made on a server, or a greeting. */

import type { Message } from "../wire/resources.js";
import { type KnownMessage, withKey } from "./reply.js";

/** A message as `listMessages` gives it; of one that the application has written, the rest is made up. */
export type InitialMessage = Pick<Message, "id" | "role" | "content"> & Partial<Message>;

export function initialMessages(messages: readonly InitialMessage[], sessionId: string | null): readonly KnownMessage[] {
  return messages.map((message) => withKey({ ...blank(sessionId), ...message }));
}

function blank(sessionId: string | null) {
  // One of a session is older than all that the server tells of it.
  const createdAt = (sessionId === null ? new Date() : new Date(0)).toISOString();
  const nothing = { finishReason: null, usage: null, replyTo: null, turnId: null, clientMessageId: null };
  return { sessionId: sessionId ?? "", status: "complete", ...nothing, createdAt, updatedAt: createdAt } as const;
}
