import { EventSource } from "eventsource";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { TutorClient, initialTurn, reduce } from "../../src/index.js";
import type { TurnEvent, TurnState } from "../../src/index.js";
import { ServerProcess } from "../support/process.js";

const QUESTION = { message: "Why is the sky blue?" };
// The practice tutor takes its time, as a model does.
vi.setConfig({ testTimeout: 60_000 });

let server: ServerProcess;
let client: TutorClient;

beforeAll(async () => {
  server = await ServerProcess.start();
  client = new TutorClient({ baseUrl: server.origin });
});

afterAll(() => server.stop());

async function collect(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const all: TurnEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const fold = (events: TurnEvent[]): TurnState => events.reduce(reduce, initialTurn);

describe("a turn of the real server", () => {
  it("is told as it is stored", async () => {
    const state = fold(await collect(client.streamChat(QUESTION)));
    const stored = await client.getTurn(state.turnId ?? "");
    expect(state).toMatchObject({
      status: "complete",
      text: stored.text,
      lastEventId: stored.lastEventId,
      messageId: stored.messageId,
      usage: stored.usage,
    });
    const { messages } = await client.listMessages(state.sessionId ?? "");
    expect(messages.map(({ content }) => content)).toEqual([QUESTION.message, state.text]);
  });

  it("goes on after any event exactly where it was left", async () => {
    const events = await collect(client.streamChat(QUESTION));
    const { turnId } = fold(events);
    for (let seen = 0; seen <= events.length; seen += 7) {
      const rest = await collect(client.followTurn(turnId ?? "", { lastEventId: seen }));
      expect(rest).toEqual(events.slice(seen));
    }
    expect(await collect(client.followTurn(turnId ?? "", { lastEventId: events.length }))).toEqual([]);
  });

  it("is one turn when it is asked for twice with one key", async () => {
    const request = { ...QUESTION, clientMessageId: "the-same" };
    const [one, two] = await Promise.all([client.streamChat(request), client.streamChat(request)].map(collect));
    expect(one).toEqual(two);
  });

  it("is told from its start to a client that is ahead of the database", async () => {
    const { turnId, text } = fold(await collect(client.streamChat(QUESTION)));
    const events = await collect(client.followTurn(turnId ?? "", { lastEventId: 999_999 }));
    expect(events[0]?.type).toBe("rewind");
    expect(fold(events).text).toBe(text);
  });

  it("survives the death of the server: nothing that was seen is lost or seen twice", async () => {
    const ids: number[] = [];
    let state = initialTurn;
    let seen = "";
    for await (const event of client.streamChat(QUESTION)) {
      state = reduce(state, event);
      if ("id" in event) ids.push(event.id);
      if (event.type === "text-delta" && seen === "" && state.text.length > 20) {
        seen = state.text;
        await server.killAndStart();
      }
    }
    expect(seen).not.toBe("");
    expect(state.text.startsWith(seen)).toBe(true);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    const stored = await client.getTurn(state.turnId ?? "");
    expect(stored).toMatchObject({ text: state.text, status: state.status });
  });

  it("can be read by an EventSource with tickets", async () => {
    const viaEvents = new TutorClient({
      baseUrl: server.origin,
      streamBy: "event-source",
      EventSource: EventSource as unknown as typeof globalThis.EventSource,
    });
    const state = fold(await collect(viaEvents.streamChat(QUESTION)));
    expect(state).toMatchObject({ status: "complete", text: (await client.getTurn(state.turnId ?? "")).text });
    const { lastEventId, turnId } = state;
    expect(await collect(viaEvents.followTurn(turnId ?? "", { lastEventId }))).toEqual([]);
  });
});

describe("refusals of the real server", () => {
  it("have the codes that it documents", async () => {
    await expect(client.getTurn("nothing")).rejects.toMatchObject({ status: 400, code: "invalid-id" });
    const missing = "01a20460-bd7e-7504-a303-3ac5a18a91c2";
    await expect(client.getSession(missing)).rejects.toMatchObject({ status: 404, code: "not-found" });
    await expect(collect(client.streamChat({ message: " " }))).rejects.toMatchObject({ code: "message-empty" });
  });

  it("name the turn that runs in a busy session", async () => {
    const controller = new AbortController();
    const { id: sessionId } = await client.createSession({ title: "Busy" });
    const first = client.streamChat({ ...QUESTION, sessionId }, { signal: controller.signal });
    const { value } = await first.next();
    const turnId = value?.type === "turn-start" ? value.data.turnId : "";
    const second = collect(client.streamChat({ message: "And?", sessionId }));
    await expect(second).rejects.toMatchObject({ code: "turn-running", location: `/turns/${turnId}/events` });
    expect((await client.stopTurn(turnId)).status).toBe("stopped");
    await first.return();
  });
});

it("a session is created, listed, changed and deleted", async () => {
  const session = await client.createSession({ title: "Algebra", learnerProfile: { grade: 8 } });
  expect(await client.getSession(session.id)).toEqual(session);
  const { sessions, provider } = await client.listSessions({ limit: 500 });
  expect(sessions.map(({ id }) => id)).toContain(session.id);
  expect(provider.practice).toBe(true);
  expect((await client.updateSession(session.id, { title: "Geometry" })).title).toBe("Geometry");
  const message = await client.addMessage(session.id, { role: "user", content: "Hi" });
  expect((await client.updateMessage(session.id, message.id, "Hello")).content).toBe("Hello");
  expect(await client.deleteSession(session.id)).toBeUndefined();
  await expect(client.getSession(session.id)).rejects.toMatchObject({ code: "not-found" });
});

it("a refused token is renewed, and what is another user's is not found", async () => {
  const tokenOf = (user: string) => server.run("token", "create", "--user", user).split("\n").at(-1) ?? "";
  const [alice, bob] = [tokenOf("alice"), tokenOf("bob")];
  const token = ({ refused }: { refused: string | null }) => (refused === null ? "tst_expired" : alice);
  const withAlice = new TutorClient({ baseUrl: server.origin, token });
  const { turnId, status } = fold(await collect(withAlice.streamChat(QUESTION)));
  expect(status).toBe("complete");
  const withBob = new TutorClient({ baseUrl: server.origin, token: bob });
  await expect(withBob.getTurn(turnId ?? "")).rejects.toMatchObject({ code: "not-found" });
  const nobody = new TutorClient({ baseUrl: server.origin, token: "tst_expired" });
  await expect(nobody.listSessions()).rejects.toMatchObject({ status: 401, code: "unauthorized" });
});
