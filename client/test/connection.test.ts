import { describe, expect, it, vi } from "vitest";

import type { ConnectionState } from "../src/index.js";
import { CHAT, EVENTS, bench, fold, read, stubEvents, whole } from "./support/bench.js";
import { IDS, NAMED, end, start, text } from "./support/frames.js";
import { FakeStream, problem, unreachable } from "./support/server.js";

const world = bench();

describe("a dead connection", () => {
  it("is replaced after forty seconds without a byte", async () => {
    const silent = new FakeStream(start());
    world.server.next(CHAT, silent.response(NAMED));
    world.server.next(EVENTS, whole(end(2)));
    const begin = Date.now();
    expect(fold(await read(world.client.streamChat({ message: "Hi" }))).status).toBe("complete");
    expect(Date.now() - begin).toBeGreaterThanOrEqual(40_000);
    await silent.cancelled;
  });

  it("is not what heartbeats come over", async () => {
    const stream = new FakeStream(start());
    world.server.next(CHAT, stream.response(NAMED));
    const reading = read(world.client.streamChat({ message: "Hi" }));
    const heart = setInterval(() => stream.send(":\n\n"), 15_000);
    await vi.advanceTimersByTimeAsync(300_000);
    clearInterval(heart);
    stream.send(end(2)).end();
    await reading;
    expect(world.server.requests).toHaveLength(1);
  });

  it("is replaced when the network comes back", async () => {
    const listeners = stubEvents();
    const stale = new FakeStream(start());
    world.server.next(CHAT, stale.response(NAMED));
    world.server.next(EVENTS, whole(end(2)));
    const reading = read(world.client.streamChat({ message: "Hi" }));
    await vi.advanceTimersByTimeAsync(1);
    listeners.dispatchEvent(new Event("online"));
    await stale.cancelled;
    expect(fold(await reading).status).toBe("complete");
  });

  it("does not make a reader wait once the network is back", async () => {
    const listeners = stubEvents();
    world.server.next(EVENTS, () => problem(503, "draining", { "Retry-After": "3600" }), whole(end(2)));
    const reading = read(world.client.followTurn(IDS.turnId, { lastEventId: 1 }));
    await vi.advanceTimersByTimeAsync(1);
    expect(world.server.to(EVENTS)).toHaveLength(1);
    listeners.dispatchEvent(new Event("online"));
    await reading;
    expect(world.server.to(EVENTS)).toHaveLength(2);
  });
});

describe("a reader who leaves", () => {
  it("closes the connection and stops nothing", async () => {
    const stream = new FakeStream(start(), text(2, "a"));
    world.server.next(CHAT, stream.response(NAMED));
    for await (const event of world.client.streamChat({ message: "Hi" })) if (event.type === "text-delta") break;
    await stream.cancelled;
    expect(world.server.requests).toHaveLength(1);
  });

  it("may leave while nothing comes", async () => {
    const stream = new FakeStream(start());
    world.server.next(CHAT, stream.response(NAMED));
    const controller = new AbortController();
    const reading = read(world.client.streamChat({ message: "Hi" }, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(1);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: "AbortError" });
    await stream.cancelled;
  });

  it("may leave between two connections", async () => {
    world.server.always(EVENTS, unreachable);
    const controller = new AbortController();
    const onConnection = ({ state }: ConnectionState) => state === "waiting" && controller.abort();
    const options = { signal: controller.signal, onConnection };
    await expect(read(world.client.followTurn(IDS.turnId, options))).rejects.toMatchObject({ name: "AbortError" });
    expect(world.server.requests).toHaveLength(1);
  });
});
