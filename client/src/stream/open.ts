/** Opens event streams: by `fetch` with the token, or by an EventSource with a ticket. */

import { NetworkError } from "../http/problem.js";
import type { Transport } from "../http/transport.js";
import type { StreamTicket } from "../wire/resources.js";
import { readEventSource } from "./event-source.js";
import type { OpenOptions } from "./follow.js";
import { warn } from "../warnings.js";
import { readFrames, readWhole } from "./read.js";
import type { Frame } from "./sse.js";

export interface StreamRequest extends OpenOptions {
  path: string;
  /** Null: from the start. */
  lastEventId: string | null;
  /** The names of the events that may come. */
  types: readonly string[];
  /** It has no end of its own. */
  endless?: boolean;
  /** Whether there is more to come; throws when it cannot be said, or the subject is gone. */
  hasMore: () => Promise<boolean>;
}

/** Null: nothing more will come. */
export type StreamOpener = (request: StreamRequest) => Promise<AsyncIterable<Frame> | null>;

export function fetchOpener(transport: Transport): StreamOpener {
  return async ({ path, lastEventId, signal, onRetry, endless = false }) => {
    const headers = lastEventId === null ? {} : { "Last-Event-ID": lastEventId };
    const response = await transport.stream("GET", path, { headers, signal });
    if (endless && response.status !== 204 && !response.body) {
      transport.abandon(response);
      warn("no-streaming");
      throw new TypeError("This runtime gives no body while it arrives: use streamBy: \"event-source\".");
    }
    return responseFrames(response, { signal, onRetry });
  };
}

/** The frames of an answer. Null for 204. In React Native a body is `undefined`: then they come when it is whole. */
export function responseFrames(response: Response, options: OpenOptions): AsyncIterable<Frame> | null {
  if (response.status === 204) return null;
  const body = response.body as Response["body"] | undefined;
  if (body) return readFrames(body, options);
  warn("no-streaming");
  return readWhole(response, options);
}

/** An EventSource cannot send headers, so each connection needs a ticket of its own. */
export function eventSourceOpener(transport: Transport, Source: typeof EventSource): StreamOpener {
  return async ({ path, lastEventId, types, hasMore, signal }) => {
    const body = { path: path.split("?", 1)[0] };
    const { ticket } = await transport.json<StreamTicket>("POST", "/stream-tickets", { body, signal });
    // It shows no comments, so heartbeats that are comments could not be told from silence.
    const query = new URLSearchParams({ ticket, heartbeat: "event", ...(lastEventId !== null && { lastEventId }) });
    const url = `${transport.url(path)}${path.includes("?") ? "&" : "?"}${query}`;
    const frames = readEventSource(url, { EventSource: Source, types, signal });
    // An EventSource does not tell a 204 or a refusal from a broken network: the first failure is looked into.
    return withFirst(frames, hasMore);
  };
}

async function withFirst(
  frames: AsyncGenerator<Frame, void, undefined>,
  hasMore: () => Promise<boolean>,
): Promise<AsyncIterable<Frame> | null> {
  let first: IteratorResult<Frame, void>;
  try {
    first = await frames.next();
  } catch (cause) {
    if (cause instanceof NetworkError && !(await hasMore())) return null;
    throw cause;
  }
  return prepend(first, frames);
}

async function* prepend(
  first: IteratorResult<Frame, void>,
  rest: AsyncGenerator<Frame, void, undefined>,
): AsyncGenerator<Frame, void, undefined> {
  try {
    if (!first.done) yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}
