/**
 * What is said of each problem, by its code: what happened, and what to do about it. The one table for all views. A code
 * that is not here is told in the server's words.
 */

import type { UnsentReason } from "./chat/unsent.js";
import type { WarningCode } from "./warnings.js";

export interface Words {
  readonly title: string;
  readonly detail: string;
}

export interface Told extends Words {
  readonly code: string;
}

const TRY_LATER = "Wait a moment, then try again.";

/** Title and detail; without a detail the server's is shown. */
const WORDS: Readonly<Record<string, readonly [title: string, detail?: string]>> = {
  network: ["The server cannot be reached", "Look at your connection. What you wrote is kept."],
  client: ["Something went wrong in this page"],
  failed: ["The reply failed", "Ask for another one."],
  "wrong-user": ["This was written by another user", "Sign in as that user to send it."],
  unauthorized: ["You are not signed in", "Sign in again."],
  "read-only": ["You may only read this conversation", "Begin one of your own."],
  "user-mismatch": ["This was written by another user", "Sign in as that user to send it."],
  "not-found": ["This conversation is not here", "It was deleted, or it is somebody else’s."],
  "invalid-id": ["This conversation is not here", "Its address is not quite right."],
  "request-timeout": ["Sending took too long", TRY_LATER],
  "turn-running": ["A reply is being written", "Wait for its end, or stop it."],
  "payload-too-large": ["The message is too long", "Shorten it, or send it in parts."],
  "message-too-long": ["The message is too long", "Shorten it, or send it in parts."],
  "message-too-long-for-model": ["The message is too long", "Shorten it, or send it in parts."],
  "conversation-too-long": ["The conversation is too long for the model", "Begin a new chat."],
  "message-empty": ["The message is empty", "Write something first."],
  "invalid-text": ["The message has a character that cannot be stored", "Edit it."],
  "idempotency-conflict": ["An earlier version of this message was sent", "Retry sends this one, too."],
  "queue-full": ["Too many messages wait in this conversation", TRY_LATER],
  "rate-limited": ["You are asking too fast", TRY_LATER],
  "too-many-parallel-requests": ["Too much is open at once", "Close tabs that you do not need."],
  "too-many-turns": ["Another reply of yours is being written", "Stop it, or wait for its end."],
  "too-many-failures": ["There were too many wrong sign-ins from here", TRY_LATER],
  "tokens-spent": ["Today’s limit is used up", "It begins anew at midnight, UTC."],
  internal: ["Something went wrong in the server", "Try again; if it stays, tell who runs it."],
  "identity-provider-unavailable": ["Signing in does not work right now", TRY_LATER],
  draining: ["The server is restarting", TRY_LATER],
  overloaded: ["The server is busy", TRY_LATER],
  "too-many-connections": ["The server is busy", TRY_LATER],
  "storage-unavailable": ["The server cannot save right now", TRY_LATER],
};

export function wordsOf({ code, title, detail }: Told): Words {
  const [ownTitle = title, ownDetail = detail] = (Object.hasOwn(WORDS, code) && WORDS[code]) || [];
  return { title: ownTitle, detail: ownDetail };
}

/** All codes that have words of their own. */
export const knownCodes: readonly string[] = Object.keys(WORDS);

/** Why a message is not sent, where no error says it. */
export const UNSENT_WORDS: Readonly<Record<UnsentReason, string>> = {
  sending: "Sending…",
  behind: "Will be sent after the message before it",
  busy: "Will be sent when the current reply is done",
  offline: "Will be sent when you are back online",
  unreachable: "The server cannot be reached",
  limited: "Will be sent later",
  stopped: "Held back since you stopped",
  "reply-failed": "Held back since the reply before it failed",
  refused: "Not accepted",
};

export const WARNING_WORDS: Readonly<Record<WarningCode, string>> = {
  "outbox-in-memory": "This browser does not let the page store anything: what is not sent yet is lost when the page is closed.",
  "locks-in-page": "This browser does not let tabs take turns: use one tab for each conversation.",
  "no-streaming": "This runtime gives no body while it arrives, so a reply shows when it is whole. With streamBy: \"event-source\" it streams.",
};
