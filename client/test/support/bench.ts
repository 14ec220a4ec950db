/** A client of a fake server, in a time that flies. */

import { afterEach, beforeEach, vi } from "vitest";

import { TutorClient, type TutorClientOptions, initialTurn, reduce } from "../../src/index.js";
import type { ConnectionState, TurnEvent, TurnState } from "../../src/index.js";
import { IDS, NAMED } from "./frames.js";
import { FakeServer, FakeStream } from "./server.js";

export const CHAT = "POST /stream-chat";
export const EVENTS = `GET /turns/${IDS.turnId}/events`;

export interface Bench {
  server: FakeServer;
  client: TutorClient;
}

/** A new server and client for each test. Timers are fake. */
export function bench(options: TutorClientOptions = {}): Bench {
  const made = {} as Bench;
  beforeEach(() => {
    vi.useFakeTimers();
    made.server = new FakeServer();
    made.client = new TutorClient({ baseUrl: "http://tutor.test", fetch: made.server.fetch, ...options });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  return made;
}

/** Lets time pass until the promise is settled. */
export async function passing<T>(promise: Promise<T>): Promise<T> {
  let done = false;
  const settle = () => (done = true);
  promise.then(settle, settle);
  while (!done) await vi.advanceTimersByTimeAsync(1_000);
  return promise;
}

/** Reads to the end while time flies. */
export async function read<E>(events: AsyncIterable<E>): Promise<E[]> {
  const all: E[] = [];
  const reading = async () => {
    for await (const event of events) all.push(event);
  };
  await passing(reading());
  return all;
}

export function fold(events: TurnEvent[]): TurnState {
  return events.reduce(reduce, initialTurn);
}

/** The answer that is a whole body at once. */
export function whole(...frames: string[]): Response {
  return new FakeStream(...frames).end().response(NAMED);
}

/** The waits between connections, in milliseconds. */
export function recordWaits(): { waits: number[]; onConnection: (state: ConnectionState) => void } {
  const waits: number[] = [];
  const onConnection = (state: ConnectionState) => {
    if (state.state === "waiting") waits.push(state.delayMs);
  };
  return { waits, onConnection };
}

/** A runtime that can tell that the network is back. */
export function stubEvents(): EventTarget {
  const target = new EventTarget();
  vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
  vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
  return target;
}
