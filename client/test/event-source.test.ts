import { beforeEach, describe, expect, it, vi } from "vitest";

import { Problem, TutorClient } from "../src/index.js";
import { CHAT, bench, fold, read } from "./support/bench.js";
import { FakeEventSource } from "./support/event-source.js";
import { IDS, NAMED, end, start, text } from "./support/frames.js";
import { FakeStream, json, problem } from "./support/server.js";

const world = bench();
const TURN = `GET /turns/${IDS.turnId}`;
let client: TutorClient;
let tickets: number;

beforeEach(() => {
  tickets = 0;
  FakeEventSource.reset();
  client = new TutorClient({
    baseUrl: "http://tutor.test",
    fetch: world.server.fetch,
    streamBy: "event-source",
    EventSource: FakeEventSource as unknown as typeof EventSource,
  });
  world.server.always("POST /stream-tickets", () =>
    json({ ticket: `ticket-${(tickets += 1)}`, expiresAt: "2026-01-01T00:00:30Z" }, 201),
  );
  world.server.always(TURN, () => json({ status: "streaming", lastEventId: 9 }));
});

describe("a stream by EventSource", () => {
  it("uses a new ticket for each connection and goes on after the last event", async () => {
    FakeEventSource.next(start() + text(2, "Hel"), text(3, "lo") + end(4));
    const events = await read(client.followTurn(IDS.turnId));
    expect(fold(events)).toMatchObject({ text: "Hello", status: "complete" });
    expect(FakeEventSource.urls).toEqual([
      `http://tutor.test/turns/${IDS.turnId}/events?ticket=ticket-1&heartbeat=event`,
      `http://tutor.test/turns/${IDS.turnId}/events?ticket=ticket-2&heartbeat=event&lastEventId=2`,
    ]);
    const paths = world.server.to("POST /stream-tickets").map(({ body }) => body);
    expect(paths).toEqual(Array(2).fill({ path: `/turns/${IDS.turnId}/events` }));
  });

  it("starts a turn by a request whose body it does not read", async () => {
    const answer = new FakeStream();
    world.server.next(CHAT, answer.response(NAMED));
    FakeEventSource.next(start() + text(2, "Hi") + end(3));
    expect(fold(await read(client.streamChat({ message: "Hi" }))).text).toBe("Hi");
    await answer.cancelled;
  });

  it("tells the event that is named error from a broken connection", async () => {
    const failure = { code: "provider-rejected", title: "No", detail: "", retryable: false };
    FakeEventSource.next(`${start()}id: 2\nevent: error\ndata: ${JSON.stringify(failure)}\n\n${end(3, "failed")}`);
    const state = fold(await read(client.followTurn(IDS.turnId)));
    expect(state).toMatchObject({ error: failure, status: "failed" });
  });

  it("does not take the id that an EventSource repeats for one of a passing event's own", async () => {
    FakeEventSource.next(`${start()}event: storage-degraded\ndata: {}\n\n${text(2, "a")}${end(3)}`);
    const types = (await read(client.followTurn(IDS.turnId))).map((event) => event.type);
    expect(types).toEqual(["turn-start", "storage-degraded", "text-delta", "turn-end"]);
  });

  it("ends when the turn has, though an EventSource cannot tell", async () => {
    world.server.always(TURN, () => json({ status: "complete", lastEventId: 4 }));
    FakeEventSource.next("");
    expect(await read(client.followTurn(IDS.turnId, { lastEventId: 4 }))).toEqual([]);
  });

  it("fails when the turn is gone, though an EventSource cannot tell", async () => {
    world.server.always(TURN, () => problem(404, "not-found"));
    FakeEventSource.next("");
    await expect(read(client.followTurn(IDS.turnId))).rejects.toBeInstanceOf(Problem);
  });

  it("keeps a connection that only says that it lives", async () => {
    FakeEventSource.next(start(), FakeEventSource.BEATING, text(2, "Hi") + end(3));
    const reading = read(client.followTurn(IDS.turnId));
    for (let minute = 0; minute < 5; minute += 1) await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeEventSource.urls).toHaveLength(2);
    FakeEventSource.breakAll();
    expect(fold(await reading)).toMatchObject({ text: "Hi", status: "complete" });
  });

  it("replaces a connection that is silent", async () => {
    FakeEventSource.next(FakeEventSource.SILENT, start() + end(2));
    expect(fold(await read(client.followTurn(IDS.turnId))).status).toBe("complete");
    expect(FakeEventSource.open).toBe(0);
  });
});

it("a runtime without EventSource is told at once", () => {
  expect(() => new TutorClient({ streamBy: "event-source" })).toThrow(TypeError);
});
