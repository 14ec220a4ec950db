/** A message that the server has not confirmed yet, as it is kept. */

import type { Owner } from "../identity/owner.js";
import type { ChatRequest } from "../wire/resources.js";

/** `waiting` for its turn to be sent; `sending`; `paused`: held back; `failed`: it stepped aside, and others go. */
export type OutboxState = "waiting" | "sending" | "paused" | "failed";

/** What holds a message back: a stop, or a reply before it that failed. */
export type HeldBy = "stop" | "failure";

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
  /** What went wrong last, if anything did. */
  readonly error: OutboxError | null;
  /** By this device's clock, RFC 3339. */
  readonly createdAt: string;
  /** While it is `paused`. */
  readonly heldBy: HeldBy | null;
  /** Not to be tried before this time: the server asked for it. Milliseconds since 1970. */
  readonly retryAt: number | null;
  /** How often somebody has begun to send it: who was overtaken in their sleep has no say any more. */
  readonly claims: number;
  /** Whose it is; null in what an earlier version kept, which nobody knows the writer of. */
  readonly drawer: string | null;
  /** As the server has named the writer. */
  readonly user: string | null;
  /** Which time of which page wrote it, between two changes of who acts. */
  readonly writtenIn: string | null;
}

export type Entries = readonly OutboxEntry[];

/** An entry as any version of this code has kept it. */
export function readEntry(kept: Partial<OutboxEntry> & Pick<OutboxEntry, "clientMessageId">): OutboxEntry {
  if (kept.writtenIn !== undefined && kept.claims !== undefined) return kept as OutboxEntry;
  return {
    conversation: "",
    sessionId: null,
    text: "",
    userId: null,
    subject: null,
    state: "waiting",
    attempted: false,
    error: null,
    createdAt: new Date(0).toISOString(),
    heldBy: null,
    retryAt: null,
    claims: 0,
    drawer: null,
    user: null,
    writtenIn: null,
    ...kept,
  };
}

/** The writer; null when nobody knows. */
export function writerOf({ drawer, user }: OutboxEntry): Owner | null {
  return drawer === null ? null : { drawer, user };
}

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
