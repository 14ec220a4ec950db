/** A server in a test's hands, and a session on it, for components. */

import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

import { MemoryStorage, Outbox, TutorClient } from "../../src/index.js";
import { IDS, NAMED, start, text } from "../support/frames.js";
import { FakeServer, FakeStream, json } from "../support/server.js";

configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);

export const CHAT = "POST /stream-chat";
export const STOP = `POST /turns/${IDS.turnId}/stop`;
export const CONTINUE = `POST /turns/${IDS.turnId}/continue`;
const MESSAGES = `GET /sessions/${IDS.sessionId}/messages?limit=50`;

let outboxes = 0;

/** What a hook or a component needs to talk to a server of its own. */
export function stage(messages: readonly object[] = []) {
  const server = new FakeServer();
  const client = new TutorClient({ baseUrl: "http://tutor.test", fetch: server.fetch });
  const outbox = new Outbox({ name: `test-${++outboxes}`, storage: new MemoryStorage() });
  server.always(MESSAGES, () => json({ messages, nextCursor: null, activeTurn: null }));
  return { server, options: { client, outbox, feed: false, smoothing: false, sessionId: IDS.sessionId } as const };
}

/** A reply that has begun with some text. */
export function begun(...deltas: string[]): FakeStream {
  return new FakeStream(start(), ...deltas.map((delta, index) => text(2 + index, delta)));
}

export function named(stream: FakeStream): Response {
  return stream.response(NAMED);
}

/** A row of the conversation as the server has it. */
export function row(id: string, role: "user" | "assistant", content: string) {
  const time = "2026-01-01T00:00:00.000Z";
  const about = { sessionId: IDS.sessionId, status: "complete", finishReason: null, usage: null };
  const from = { replyTo: null, turnId: null, clientMessageId: null, createdAt: time, updatedAt: time };
  return { id, role, content, ...about, ...from };
}
