/** What may happen to the messages of an outbox: pure changes of a list of them. */

import { newKey } from "../environment.js";
import type { Entries, HeldBy, OutboxEntry } from "./entry.js";

const READY = { state: "waiting", error: null, heldBy: null, retryAt: null } as const;

/**
 * The one that may be sent next: the first of its conversation that is neither held back nor refused. One that is
 * `sending` is sent again: whoever holds the conversation's lock knows that nobody else is at it.
 */
export function headOf(entries: Entries, conversation: string): OutboxEntry | null {
  const goes = ({ state }: OutboxEntry) => state === "waiting" || state === "sending";
  return entries.find((entry) => entry.conversation === conversation && goes(entry)) ?? null;
}

export function change(entries: Entries, id: string, changes: Partial<OutboxEntry>): Entries {
  return entries.map((entry) => (entry.clientMessageId === id ? { ...entry, ...changes } : entry));
}

/** How a sending has ended, unless another one of the same message has begun since. */
export function conclude(entries: Entries, claimed: OutboxEntry, outcome: Partial<OutboxEntry>): Entries {
  return entries.map((entry) => {
    const isOurs = entry.clientMessageId === claimed.clientMessageId && entry.claims === claimed.claims;
    return isOurs && entry.state === "sending" ? { ...entry, ...outcome } : entry;
  });
}

export function remove(entries: Entries, id: string): Entries {
  return entries.filter((entry) => entry.clientMessageId !== id);
}

/** The message is stored in this session; what else was written in the same draft goes there, too. */
export function deliver(entries: Entries, delivered: OutboxEntry, sessionId: string): Entries {
  return remove(entries, delivered.clientMessageId).map((entry) => {
    if (entry.conversation !== delivered.conversation || entry.sessionId !== null) return entry;
    // What may have arrived must be repeated word for word.
    return entry.attempted ? { ...entry, conversation: sessionId } : { ...entry, conversation: sessionId, sessionId };
  });
}

export function pause(entries: Entries, conversation: string, heldBy: HeldBy): Entries {
  return entries.map((entry) =>
    entry.conversation === conversation && entry.state === "waiting" ? { ...entry, state: "paused", heldBy } : entry,
  );
}

/** Lets go what was held back, but not what was refused. */
export function release(entries: Entries, conversation: string): Entries {
  return entries.map((entry) =>
    entry.conversation === conversation && entry.state === "paused" ? { ...entry, ...READY } : entry,
  );
}

/** Has all of a conversation tried again, now. */
export function resume(entries: Entries, conversation: string): Entries {
  return entries.map((entry) =>
    entry.conversation === conversation && entry.state !== "sending" ? again(entry) : entry,
  );
}

/** Has one message tried again, now. */
export function retry(entries: Entries, id: string): Entries {
  return entries.map((entry) =>
    entry.clientMessageId === id && entry.state !== "sending" ? again(entry) : entry,
  );
}

/** Whether it can be changed: one that may have arrived only when it was refused since, and then as another message. */
export function isEditable({ state, attempted }: OutboxEntry): boolean {
  return state === "failed" || (state !== "sending" && !attempted);
}

/** A refused request keeps its key on the server only if it was stored, so what may have been is sent as a new one. */
export function edit(entries: Entries, id: string, text: string): Entries {
  return entries.map((entry) => {
    if (entry.clientMessageId !== id || !isEditable(entry)) return entry;
    if (entry.state !== "failed") return { ...entry, text };
    return { ...again(entry.attempted ? renamed(entry) : entry), text };
  });
}

function again(entry: OutboxEntry): OutboxEntry {
  // Under this name the server has another message: it would be refused for ever.
  const named = entry.error?.code === "idempotency-conflict" ? renamed(entry) : entry;
  // It was written with a name that is not its writer's.
  const userId = entry.error?.code === "user-mismatch" && !named.attempted ? null : named.userId;
  return { ...named, ...READY, userId };
}

function renamed(entry: OutboxEntry): OutboxEntry {
  return { ...entry, clientMessageId: newKey(), attempted: false };
}
