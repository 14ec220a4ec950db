/** How failures are told, with the client's own words where it has some. */

import { NetworkError, Problem } from "../http/problem.js";
import { wordsOf } from "../words.js";
import type { TurnState } from "./turn-state.js";

export interface ChatError {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** The same may succeed later. */
  readonly retryable: boolean;
}

export function errorOf(cause: unknown): ChatError {
  if (cause instanceof Problem || cause instanceof NetworkError) {
    const { code, retryable, message } = cause;
    const { title, detail } = cause instanceof Problem ? cause : { title: "", detail: message };
    return { code, ...wordsOf({ code, title, detail }), retryable };
  }
  const detail = cause instanceof Error ? cause.message : String(cause);
  return { code: "client", ...wordsOf({ code: "client", title: "", detail }), retryable: false };
}

/** Why a turn failed. */
export function turnErrorOf({ error }: TurnState): ChatError {
  if (error) return { code: error.code, ...wordsOf(error), retryable: error.retryable };
  return { code: "failed", ...wordsOf({ code: "failed", title: "", detail: "" }), retryable: true };
}
