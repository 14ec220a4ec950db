/** What became of a message that somebody has sent. */

import type { ChatError } from "./errors.js";
import type { ChatMessage, ChatSnapshot } from "./snapshot.js";
import type { UnsentMessage } from "./unsent.js";

export type SendResult =
  /** Its reply has ended, well or not: see its `status`. */
  | { readonly outcome: "answered"; readonly message: ChatMessage }
  /** The server has it; its reply goes on and is not followed here. */
  | { readonly outcome: "sent" }
  /** It is kept and goes out by itself, or when what holds it back is gone: see its `reason`. */
  | { readonly outcome: "waiting"; readonly unsent: UnsentMessage }
  /** It cannot be accepted as it is, and waits to be changed or given up. */
  | { readonly outcome: "refused"; readonly unsent: UnsentMessage; readonly error: ChatError }
  /** There was nothing but white space in it. */
  | { readonly outcome: "empty" }
  /** The chat was closed; if the message was kept by then, it goes out all the same. */
  | { readonly outcome: "closed" };

export function resultOf({ messages, outbox }: ChatSnapshot, clientMessageId: string, isClosed: boolean): SendResult {
  const stored = messages.find((message) => message.clientMessageId === clientMessageId && message.delivery === "sent");
  const reply = stored && messages.find((message) => message.replyTo === stored.id && message.status !== "streaming");
  if (reply) return { outcome: "answered", message: reply };
  if (stored) return { outcome: "sent" };
  if (isClosed) return { outcome: "closed" };
  const unsent = outbox.find((entry) => entry.clientMessageId === clientMessageId);
  if (unsent === undefined) return { outcome: "sent" };
  if (unsent.state !== "failed" || unsent.error === null) return { outcome: "waiting", unsent };
  return { outcome: "refused", unsent, error: { code: unsent.error.code, ...unsent.words, retryable: false } };
}
