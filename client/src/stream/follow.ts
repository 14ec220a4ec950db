/**
 * Follows a subject (a turn, a session) over as many connections as it takes. Knows when to open another one and
 * how long to wait before; what a frame means, only the subject knows.
 */

import { isOnline, pause, throwIfAborted } from "../environment.js";
import { NetworkError, Problem } from "../http/problem.js";
import { Backoff } from "./backoff.js";
import type { Frame } from "./sse.js";

/** How a follower is connected. */
export type ConnectionState =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "waiting"; failures: number; delayMs: number; error: NetworkError | Problem };

export interface OpenOptions {
  signal: AbortSignal;
  onRetry: (milliseconds: number) => void;
}

/** What becomes of a frame. */
export interface Taken<E> {
  event: E | null;
  /** Whether something new was learnt. */
  progress: boolean;
  /** Default: go on reading. */
  then?: "end" | { reconnectAfterMs: number };
}

export interface Subject<E> {
  /** The next connection, from where the last one came to. Null: nothing more will come. */
  open(options: OpenOptions): Promise<AsyncIterable<Frame> | null>;
  take(frame: Frame): Taken<E>;
  /** Whether to try again after so many failures without progress. */
  mayRetry(error: NetworkError | Problem, failures: number): boolean;
}

export interface FollowOptions {
  signal?: AbortSignal | undefined;
  onConnection?: ((state: ConnectionState) => void) | undefined;
}

/** Ends when the subject has; throws what cannot be helped, and the signal's reason. */
export async function* follow<E>(
  subject: Subject<E>,
  { signal = new AbortController().signal, onConnection = () => {} }: FollowOptions,
): AsyncGenerator<E, void, undefined> {
  const backoff = new Backoff();
  for (;;) {
    const wait = { milliseconds: 0 };
    let error: NetworkError | Problem = new NetworkError("The stream was cut.");
    onConnection({ state: "connecting" });
    try {
      if (yield* readConnection(subject, { signal, onConnection, backoff, wait })) return;
    } catch (cause) {
      throwIfAborted(signal);
      error = expected(cause);
      if (error instanceof Problem) wait.milliseconds = error.retryAfterMs ?? 0;
    }
    // Without a network no try can succeed, so none counts.
    const online = isOnline();
    if (!error.retryable || (online && !subject.mayRetry(error, backoff.failures))) throw error;
    const delayMs = wait.milliseconds + backoff.fail();
    onConnection({ state: "waiting", failures: backoff.failures, delayMs, error });
    await pause(delayMs, signal);
    if (!online && isOnline()) backoff.progress();
  }
}

interface Reading {
  signal: AbortSignal;
  onConnection: (state: ConnectionState) => void;
  backoff: Backoff;
  /** What the server asks to wait before the next connection. */
  wait: { milliseconds: number };
}

async function* readConnection<E>(subject: Subject<E>, reading: Reading): AsyncGenerator<E, boolean, undefined> {
  const { signal, wait, backoff } = reading;
  const onRetry = (milliseconds: number) => (wait.milliseconds = milliseconds);
  const frames = await subject.open({ signal, onRetry });
  if (frames === null) return true;
  reading.onConnection({ state: "open" });
  for await (const frame of frames) {
    const { event, progress, then } = subject.take(frame);
    if (progress) backoff.progress();
    if (event !== null) yield event;
    if (then === "end") return true;
    if (then) {
      wait.milliseconds = then.reconnectAfterMs;
      return false;
    }
  }
  return false;
}

/** Anything else is a fault of ours or of the caller's, and not hidden by trying again. */
function expected(cause: unknown): NetworkError | Problem {
  if (cause instanceof NetworkError || cause instanceof Problem) return cause;
  throw cause;
}
