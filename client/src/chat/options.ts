/** What a chat is made with. */

import type { TutorClient } from "../client.js";
import type { Outbox } from "../outbox/outbox.js";
import type { SmootherOptions } from "../smoothing/smoother.js";
import type { EnvironmentWarning } from "../warnings.js";
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
  /** This runtime lacks something, and what is done without it. */
  onWarning?: ((warning: EnvironmentWarning) => void) | undefined;
  /** A first message has made the draft a session. */
  onSession?: ((sessionId: string) => void) | undefined;
}

export function smoothingOf({ smoothing }: ChatOptions): Omit<SmootherOptions, "onText"> | null {
  if (typeof smoothing === "object") return smoothing;
  const wanted = smoothing ?? typeof globalThis.requestAnimationFrame === "function";
  return wanted ? {} : null;
}
