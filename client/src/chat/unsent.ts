/** What is told of a message that is not sent: why, when it is tried next, and what can be done about it. */

import { isEditable } from "../outbox/changes.js";
import type { Entries, OutboxEntry } from "../outbox/entry.js";
import { UNSENT_WORDS, type Words, wordsOf } from "../words.js";

/**
 * `sending`: at once. `behind`: another message of the conversation goes first. `busy`: a reply is being written.
 * `offline`: there is no network. `unreachable`: the server did not answer. `limited`: the server has put it off, see
 * `error`. `stopped`: held back by a stop. `reply-failed`: held back since the reply before it failed. `refused`: it
 * cannot be accepted as it is, see `error`.
 */
export type UnsentReason =
  | "sending"
  | "behind"
  | "busy"
  | "offline"
  | "unreachable"
  | "limited"
  | "stopped"
  | "reply-failed"
  | "refused";

export type UnsentAction = "edit" | "retry" | "discard";

export interface UnsentMessage extends OutboxEntry {
  readonly reason: UnsentReason;
  /** When it is tried again by itself, in milliseconds since 1970; null when that depends on something else. */
  readonly nextTryAt: number | null;
  /** What to say of it: what happened, and what to do. */
  readonly words: Words;
  /** An earlier try of it may have arrived: changed, it goes out as another message. */
  readonly mayHaveArrived: boolean;
  readonly actions: readonly UnsentAction[];
}

/** What goes on around the messages. */
export interface Surroundings {
  online: boolean;
  busy: boolean;
  /** When the first one is tried again. */
  retryAt: number | null;
}

/** `entries` are those of one conversation, in order; those that are on their way are left out. */
export function unsentMessages(entries: Entries, around: Surroundings): UnsentMessage[] {
  const first = entries.find(({ state }) => state === "waiting" || state === "sending");
  return entries
    .filter(({ state }) => state !== "sending")
    .map((entry) => describe(entry, entry === first || entry.state !== "waiting", around));
}

function describe(entry: OutboxEntry, isFirst: boolean, around: Surroundings): UnsentMessage {
  const reason = reasonOf(entry, isFirst, around);
  const waits = reason === "unreachable" || reason === "limited";
  const nextTryAt = waits ? latest(entry.retryAt, around.retryAt) : null;
  const mayHaveArrived = entry.state === "failed" && entry.attempted;
  const retry = waits || entry.state !== "waiting";
  const actions: UnsentAction[] = [...(isEditable(entry) ? ["edit" as const] : []), ...(retry ? ["retry" as const] : []), "discard"];
  return { ...entry, reason, words: say(entry, reason), nextTryAt, mayHaveArrived, actions };
}

function say({ error }: OutboxEntry, reason: UnsentReason): Words {
  const isTold = reason === "refused" || reason === "limited" || reason === "unreachable";
  return isTold && error !== null ? wordsOf(error) : { title: UNSENT_WORDS[reason], detail: "" };
}

function reasonOf({ state, heldBy, error }: OutboxEntry, isFirst: boolean, around: Surroundings): UnsentReason {
  if (state === "failed") return "refused";
  if (state === "paused") return heldBy === "failure" ? "reply-failed" : "stopped";
  if (!isFirst) return "behind";
  if (error !== null && error.code !== "network") return "limited";
  if (!around.online) return "offline";
  if (around.busy) return "busy";
  return error === null ? "sending" : "unreachable";
}

function latest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}
