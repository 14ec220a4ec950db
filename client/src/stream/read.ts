/** Reads the frames of one response, and notices when its connection is dead. Never opens another. */

import { aborted, onWake, throwIfAborted } from "../environment.js";
import { NetworkError } from "../http/problem.js";
import { type Frame, SseParser } from "./sse.js";

/** The server sends something at least every 15 s; two missing heartbeats and some slack mean a dead connection. */
export const SILENCE_MS = 40_000;

export interface ReadOptions {
  signal: AbortSignal;
  onRetry?: (milliseconds: number) => void;
}

/** Ends with the body; throws a NetworkError when it breaks or falls silent, and the signal's reason. */
export async function* readFrames(
  body: ReadableStream<Uint8Array>,
  { signal, onRetry = () => {} }: ReadOptions,
): AsyncGenerator<Frame, void, undefined> {
  const reader = body.getReader();
  const watch = new Watch(reader, signal);
  const decoder = new TextDecoder();
  const ready: Frame[] = [];
  const parser = new SseParser({ onFrame: (frame) => ready.push(frame), onRetry });
  try {
    for (;;) {
      const chunk = await watch.read();
      if (chunk === null) return;
      parser.push(decoder.decode(chunk, { stream: true }));
      yield* ready.splice(0);
    }
  } finally {
    watch.end();
  }
}

/** Cancels a reader that waits for bytes in vain. */
class Watch {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #signal: AbortSignal;
  readonly #stopListening: () => void;
  #waitingSince: number | null = null;
  #reason: unknown = null;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, signal: AbortSignal) {
    this.#reader = reader;
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort);
    if (signal.aborted) this.#abort();
    this.#stopListening = onWake((cause) => {
      const silence = this.#waitingSince === null ? 0 : Date.now() - this.#waitingSince;
      // A connection rarely outlives the network that it was made on; a page that slept has missed its timer.
      if (cause === "online" || silence >= SILENCE_MS) this.#cut(new NetworkError("The connection is stale."));
    });
  }

  async read(): Promise<Uint8Array | null> {
    this.#waitingSince = Date.now();
    const timer = setTimeout(() => this.#cut(new NetworkError("The connection is silent.")), SILENCE_MS);
    try {
      const { done, value } = await this.#reader.read();
      if (this.#reason !== null) throw this.#reason;
      return done ? null : value;
    } catch (cause) {
      throw this.#reason ?? new NetworkError("The connection broke.", { cause });
    } finally {
      clearTimeout(timer);
      this.#waitingSince = null;
    }
  }

  end(): void {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#stopListening();
    this.#reader.cancel().catch(ignore);
  }

  #abort = (): void => this.#cut(this.#signal.reason ?? aborted());

  #cut(reason: unknown): void {
    this.#reason ??= reason;
    this.#reader.cancel(reason).catch(ignore);
  }
}

/** A body that broke cannot be cancelled, and need not be. */
function ignore(): void {}

/** The frames of an answer whose body cannot be read while it arrives: all of them when it is whole. */
export async function* readWhole(response: Response, { signal, onRetry = () => {} }: ReadOptions): AsyncGenerator<Frame, void, undefined> {
  const frames: Frame[] = [];
  const parser = new SseParser({ onFrame: (frame) => frames.push(frame), onRetry });
  parser.push(await wholeText(response, signal));
  yield* frames;
}

async function wholeText(response: Response, signal: AbortSignal): Promise<string> {
  let leave = () => {};
  const left = new Promise<never>((_resolve, reject) => (leave = () => reject(signal.reason ?? aborted())));
  signal.addEventListener("abort", leave);
  if (signal.aborted) leave();
  try {
    return await Promise.race([response.text(), left]);
  } catch (cause) {
    throwIfAborted(signal);
    throw new NetworkError("The connection broke.", { cause });
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
