/** A message that the server has not confirmed yet, and what may happen to it: pure changes of a list of them. */

import type { ChatRequest } from "../wire/resources.js";

/** `waiting` for its turn to be sent; `sending`; `paused` by a stop or an error; `failed`: the server refused it. */
export type OutboxState = "waiting" | "sending" | "paused" | "failed";

export interface OutboxError {
  code: string;
  title: string;
  detail: string;
}

export interface OutboxEntry {
  /** Made once, so that the message exists once however often it is sent. */
  readonly clientMessageId: string;
  /** The session's id, or the name of a draft that has no session yet. Sent in order within it. */
  readonly conversation: string;
  readonly sessionId: string | null;
  readonly text: string;
  readonly userId: string | null;
  readonly subject: string | null;
  readonly state: OutboxState;
  /** It may have reached the server: then it can be sent again, or given up, but not changed. */
  readonly attempted: boolean;
  readonly error: OutboxError | null;
}

export type Entries = readonly OutboxEntry[];

/** The same for every attempt: the server compares. */
export function requestOf(entry: OutboxEntry): ChatRequest {
  return {
    message: entry.text,
    clientMessageId: entry.clientMessageId,
    // A turn that another device has just started is waited for, not run into.
    onBusy: "queue",
    ...(entry.sessionId !== null && { sessionId: entry.sessionId }),
    ...(entry.userId !== null && { userId: entry.userId }),
    ...(entry.subject !== null && { subject: entry.subject }),
  };
}

/** The one that may be sent now: the first of its conversation, unless that is held back. */
export function headOf(entries: Entries, conversation: string): OutboxEntry | null {
  const head = entries.find((entry) => entry.conversation === conversation);
  return head && (head.state === "waiting" || head.state === "sending") ? head : null;
}

export function change(entries: Entries, id: string, changes: Partial<OutboxEntry>): Entries {
  return entries.map((entry) => (entry.clientMessageId === id ? { ...entry, ...changes } : entry));
}

export function remove(entries: Entries, id: string): Entries {
  return entries.filter((entry) => entry.clientMessageId !== id);
}

/** The message is stored in this session; what else was written in the same draft goes there, too. */
export function deliver(entries: Entries, delivered: OutboxEntry, sessionId: string): Entries {
  return remove(entries, delivered.clientMessageId).map((entry) =>
    entry.conversation === delivered.conversation && entry.sessionId === null
      ? { ...entry, conversation: sessionId, sessionId }
      : entry,
  );
}

export function pause(entries: Entries, conversation: string): Entries {
  return entries.map((entry) =>
    entry.conversation === conversation && entry.state === "waiting" ? { ...entry, state: "paused" } : entry,
  );
}

export function resume(entries: Entries, conversation: string): Entries {
  const held = (entry: OutboxEntry) => entry.state === "paused" || entry.state === "failed";
  return entries.map((entry) =>
    entry.conversation === conversation && held(entry) ? { ...entry, state: "waiting", error: null } : entry,
  );
}
