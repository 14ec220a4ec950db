/** What a chat is made with. */

import type { TutorClient } from "../client.js";
import type { Outbox } from "../outbox/outbox.js";
import { Smoother, type SmootherOptions, type TextShower } from "../smoothing/smoother.js";
import { Throttle } from "../smoothing/throttle.js";
import type { EnvironmentWarning } from "../warnings.js";
import type { InitialMessage } from "./initial.js";
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
  /** Text that grows is shown, and told to `onMessage`, once in so many milliseconds. Default: with each frame. */
  throttle?: number | undefined;
  /** What is shown until the session's messages are read; without a session, what stands before the first message. */
  initialMessages?: readonly InitialMessage[] | undefined;
  /** The reply that is being written, each time there is more of it, and once more when it has ended. */
  onMessage?: ((message: ChatMessage) => void) | undefined;
  /** A reply has ended: complete, stopped or interrupted. */
  onComplete?: ((message: ChatMessage) => void) | undefined;
  onError?: ((error: ChatError) => void) | undefined;
  /** This runtime lacks something, and what is done without it. */
  onWarning?: ((warning: EnvironmentWarning) => void) | undefined;
  /** A first message has made the draft a session. */
  onSession?: ((sessionId: string) => void) | undefined;
}

/** Null: text shows as it comes. */
export function showerOf({ smoothing, throttle = 0 }: ChatOptions): ((onText: (text: string) => void) => TextShower) | null {
  if (throttle > 0) return (onText) => new Throttle(throttle, onText);
  const wanted = smoothing ?? typeof globalThis.requestAnimationFrame === "function";
  if (!wanted) return null;
  return (onText) => new Smoother({ ...(typeof wanted === "object" && wanted), onText });
}
