/**
 * Frames by an EventSource, for runtimes whose `fetch` gives no body while it arrives. One connection: the
 * EventSource's own reconnection is never used, since its ticket is good only once.
 */

import { aborted } from "../environment.js";
import { NetworkError } from "../http/problem.js";
import { SILENCE_MS } from "./read.js";
import type { Frame } from "./sse.js";

export interface EventSourceOptions {
  EventSource: typeof EventSource;
  /** An EventSource tells only of events whose names it was given. */
  types: readonly string[];
  signal: AbortSignal;
}

/** What a page is shown of heartbeats, where the server is asked for them as events. */
const HEARTBEAT = "heartbeat";

/** Ends never; throws a NetworkError when the connection breaks, and the signal's reason. */
export async function* readEventSource(
  url: string,
  options: EventSourceOptions,
): AsyncGenerator<Frame, void, undefined> {
  const inbox = new Inbox();
  const source = new options.EventSource(url);
  const abort = () => inbox.fail(options.signal.reason ?? aborted());
  options.signal.addEventListener("abort", abort);
  if (options.signal.aborted) abort();
  const receive = frameReader();
  for (const type of [...options.types, HEARTBEAT]) {
    source.addEventListener(type, (event) => {
      // Also the name of the event that tells of a broken connection, which has no data.
      if ("data" in event) inbox.put(receive(event as MessageEvent<string>));
    });
  }
  source.addEventListener("error", (event) => {
    if (!("data" in event)) inbox.fail(new NetworkError("The connection broke."));
  });
  try {
    for (;;) yield await inbox.take();
  } finally {
    options.signal.removeEventListener("abort", abort);
    inbox.close();
    source.close();
  }
}

/** An EventSource repeats the last id for events that have none. */
function frameReader(): (event: MessageEvent<string>) => Frame {
  let lastId = "";
  return ({ type, data, lastEventId }) => {
    const id = lastEventId === lastId ? null : lastEventId;
    lastId = lastEventId;
    return { type, data, id };
  };
}

/** What has arrived and was not taken yet. */
class Inbox {
  readonly #frames: Frame[] = [];
  #failure: { reason: unknown } | null = null;
  #wake: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  put(frame: Frame): void {
    this.#frames.push(frame);
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake?.();
  }

  /** A connection without heartbeats is dead, and is replaced, which loses nothing. */
  async take(): Promise<Frame> {
    this.#timer = setTimeout(() => this.fail(new NetworkError("The connection is silent.")), SILENCE_MS);
    for (;;) {
      const frame = this.#frames.shift();
      if (frame || this.#failure) clearTimeout(this.#timer);
      if (frame) return frame;
      if (this.#failure) throw this.#failure.reason;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
