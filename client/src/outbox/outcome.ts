/** What becomes of a message whose sending has ended without the server's word that it is stored. */

import { NetworkError, Problem, WrongUserError } from "../http/problem.js";
import type { OutboxEntry, OutboxError } from "./entry.js";

/** The learner has stopped the sending. */
export class Stopped extends Error {
  override readonly name = "AbortError";
}

/** Somebody has left or closed what was going on, which is no failure. */
export function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "AbortError";
}

/** The server will never take the message as it is: others go before it is changed. */
export function stepsAside(cause: unknown): boolean {
  return cause instanceof Problem && !cause.retryable;
}

/** Refusals of the whole server, before it looks at what is asked. */
const REFUSED_BEFORE = new Set(["draining", "overloaded", "too-many-connections", "identity-provider-unavailable"]);

/** Whether it is certain that this try has stored nothing. */
export function isCertain(cause: unknown): boolean {
  if (cause instanceof WrongUserError) return true;
  if (!(cause instanceof Problem) || cause.status === 408) return false;
  // The key was used before: for an earlier version of the message, as far as anybody knows.
  return cause.code !== "idempotency-conflict" && (cause.status < 500 || REFUSED_BEFORE.has(cause.code));
}

/** `mayHaveArrived`: an earlier try has, perhaps. Only the first try of a key can be refused for certain. */
export function outcomeOf(cause: unknown, mayHaveArrived: boolean): Partial<OutboxEntry> {
  const attempted = mayHaveArrived || !isCertain(cause);
  if (cause instanceof Stopped) return { state: "paused", heldBy: "stop", attempted };
  if (isAbort(cause)) return { state: "waiting", attempted };
  const waits = cause instanceof NetworkError || cause instanceof WrongUserError || (cause instanceof Problem && cause.retryable);
  const retryAfterMs = cause instanceof Problem && cause.retryable ? cause.retryAfterMs : null;
  const retryAt = retryAfterMs === null ? null : Date.now() + retryAfterMs;
  return { state: waits ? "waiting" : "failed", attempted, error: readError(cause), retryAt };
}

/** In the server's words, where it has some: what is said is chosen when it is shown. */
function readError(cause: unknown): OutboxError {
  if (cause instanceof Problem) return { code: cause.code, title: cause.title, detail: cause.detail };
  const detail = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof NetworkError || cause instanceof WrongUserError ? cause.code : "client";
  return { code, title: "", detail };
}
