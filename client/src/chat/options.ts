/** What a chat is made with, and how its failures are told. */

import type { TutorClient } from "../client.js";
import { NetworkError, Problem } from "../http/problem.js";
import type { Outbox } from "../outbox/outbox.js";
import type { SmootherOptions } from "../smoothing/smoother.js";
import type { TurnState } from "./turn-state.js";
import type { ChatError, ChatMessage } from "./snapshot.js";

export interface ChatOptions {
  client: TutorClient;
  /** Without it the first message begins a session. */
  sessionId?: string | null | undefined;
  /** Must be the user that the token stands for. */
  userId?: string | undefined;
  /** Of a session that the first message begins. */
  subject?: string | undefined;
  /** Default: one for all chats with the same server. */
  outbox?: Outbox | undefined;
  /** Whether to show what happens in the session elsewhere. Default true. */
  feed?: boolean | undefined;
  /** Lets text flow at the display's frame rate. Default: where there is a display. */
  smoothing?: boolean | Omit<SmootherOptions, "onText"> | undefined;
  /** The reply that is being written, each time there is more of it. */
  onMessage?: ((message: ChatMessage) => void) | undefined;
  /** A reply has ended: complete, stopped or interrupted. */
  onComplete?: ((message: ChatMessage) => void) | undefined;
  onError?: ((error: ChatError) => void) | undefined;
  /** A first message has made the draft a session. */
  onSession?: ((sessionId: string) => void) | undefined;
}

export function smoothingOf({ smoothing }: ChatOptions): Omit<SmootherOptions, "onText"> | null {
  if (typeof smoothing === "object") return smoothing;
  const wanted = smoothing ?? typeof globalThis.requestAnimationFrame === "function";
  return wanted ? {} : null;
}

export function errorOf(cause: unknown): ChatError {
  if (cause instanceof Problem) {
    const { code, title, detail, retryable } = cause;
    return { code, title, detail, retryable };
  }
  if (cause instanceof NetworkError) {
    return { code: cause.code, title: "The server cannot be reached", detail: cause.message, retryable: true };
  }
  const detail = cause instanceof Error ? cause.message : String(cause);
  return { code: "client", title: "Something went wrong in this page", detail, retryable: false };
}

/** Why a turn failed. */
export function turnErrorOf({ error }: TurnState): ChatError {
  if (error) return error;
  return { code: "failed", title: "The reply failed", detail: "", retryable: true };
}
