import { describe, expect, it, vi } from "vitest";

import { NetworkError, Problem, initialTurn, reduce } from "../src/index.js";
import { CHAT, EVENTS, bench, fold, read, recordWaits, whole } from "./support/bench.js";
import { IDS, NAMED, end, frame, start, text } from "./support/frames.js";
import { FakeStream, problem, unreachable } from "./support/server.js";

const world = bench();

describe("a turn to its end", () => {
  it("is one request when nothing goes wrong", async () => {
    world.server.next(CHAT, whole(":\n\n", start(), text(2, "Hel"), text(3, "lo"), end(4)));
    const events = await read(world.client.streamChat({ message: "Hi" }));
    expect(events.map((event) => event.type)).toEqual(["turn-start", "text-delta", "text-delta", "turn-end"]);
    expect(fold(events)).toMatchObject({ text: "Hello", status: "complete", ...IDS });
    expect(world.server.requests).toHaveLength(1);
  });

  it("goes on after the last event when the body ends too early", async () => {
    world.server.next(CHAT, whole(start(), text(2, "Hel")));
    world.server.next(EVENTS, whole(text(3, "lo"), end(4)));
    expect(fold(await read(world.client.streamChat({ message: "Hi" }))).text).toBe("Hello");
    expect(world.server.to(EVENTS)[0]?.headers.get("Last-Event-ID")).toBe("2");
  });

  it("goes on when the connection breaks inside a frame", async () => {
    const stream = new FakeStream(start(), text(2, "Hel"), "id: 3\nevent: text-de");
    world.server.next(CHAT, stream.response(NAMED));
    world.server.next(EVENTS, whole(text(3, "lo"), end(4)));
    const events = async function* () {
      for await (const event of world.client.streamChat({ message: "Hi" })) {
        yield event;
        if (event.type === "text-delta" && event.id === 2) stream.break();
      }
    };
    expect(fold(await read(events())).text).toBe("Hello");
  });

  it("gives each event once when the server repeats some", async () => {
    world.server.next(CHAT, whole(start(), text(2, "Hel")));
    world.server.next(EVENTS, whole(start(), text(2, "Hel"), text(3, "lo"), end(4)));
    const events = await read(world.client.streamChat({ message: "Hi" }));
    expect(events.map((event) => ("id" in event ? event.id : null))).toEqual([1, 2, 3, 4]);
  });

  it("ends when the server has nothing more to say", async () => {
    world.server.next(EVENTS, new Response(null, { status: 204 }));
    expect(await read(world.client.followTurn(IDS.turnId, { lastEventId: 4 }))).toEqual([]);
  });

  it("leaves out what it does not know", async () => {
    const strange = [
      frame(2, "picture-delta", { url: "x" }),
      frame(null, "weather", { sunny: true }),
      "id: 3\nevent: text-delta\ndata: no json\n\n",
      "id: 4\nevent: text-delta\ndata: {}\n\n",
      "id: x\nevent: text-delta\ndata: {\"text\":\"no\"}\n\n",
      "event: toString\ndata: {}\n\n",
    ];
    world.server.next(CHAT, whole(start(), ...strange, text(5, "Hello"), end(6)));
    expect(fold(await read(world.client.streamChat({ message: "Hi" }))).text).toBe("Hello");
  });

  it("is found without the header that names it", async () => {
    world.server.next(CHAT, new FakeStream(start(), text(2, "Hel")).end().response());
    world.server.next(EVENTS, whole(text(3, "lo"), end(4)));
    const onAccepted = vi.fn();
    expect(fold(await read(world.client.streamChat({ message: "Hi" }, { onAccepted }))).text).toBe("Hello");
    expect(onAccepted).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ turnId: IDS.turnId }));
  });
});

describe("a request that starts a turn", () => {
  it("is repeated with the same key and body when it may not have arrived", async () => {
    world.server.next(CHAT, unreachable, unreachable, whole(start(), end(2)));
    await read(world.client.streamChat({ message: "Hi" }));
    const bodies = world.server.to(CHAT).map(({ body }) => body as { clientMessageId: string });
    expect(bodies).toHaveLength(3);
    expect(bodies[0]?.clientMessageId).toMatch(/./);
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
  });

  it("is given up after four tries", async () => {
    world.server.always(CHAT, unreachable);
    await expect(read(world.client.streamChat({ message: "Hi" }))).rejects.toBeInstanceOf(NetworkError);
    expect(world.server.to(CHAT)).toHaveLength(4);
  });

  it("is not repeated when the server refuses it", async () => {
    world.server.always(CHAT, () => problem(409, "turn-running", { Location: "/turns/t/events" }));
    const refusal = { code: "turn-running", status: 409, location: "/turns/t/events", retryable: false };
    await expect(read(world.client.streamChat({ message: "Hi" }))).rejects.toMatchObject(refusal);
    expect(world.server.to(CHAT)).toHaveLength(1);
  });

  it("waits as long as the server asks for", async () => {
    world.server.next(CHAT, () => problem(503, "draining", { "Retry-After": "5" }), whole(start(), end(2)));
    const { waits, onConnection } = recordWaits();
    await read(world.client.streamChat({ message: "Hi" }, { onConnection }));
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(5_000);
  });

  it("does not wait longer than somebody who sends would", async () => {
    world.server.always(CHAT, () => problem(503, "overloaded", { "Retry-After": "60" }));
    await expect(read(world.client.streamChat({ message: "Hi" }))).rejects.toBeInstanceOf(Problem);
    expect(world.server.to(CHAT)).toHaveLength(1);
  });

  it("sends a key in a header when the caller has one", async () => {
    world.server.next(`POST /turns/${IDS.turnId}/continue`, unreachable, whole(start(), end(2)));
    await read(world.client.continueTurn(IDS.turnId, { idempotencyKey: "k" }));
    expect(world.server.requests.map(({ headers }) => headers.get("Idempotency-Key"))).toEqual(["k", "k"]);
  });
});

describe("the budget of a turn that runs", () => {
  it("ends after twenty connections without a new event", async () => {
    world.server.next(CHAT, whole(start()));
    world.server.always(EVENTS, unreachable);
    await expect(read(world.client.streamChat({ message: "Hi" }))).rejects.toBeInstanceOf(NetworkError);
    expect(world.server.to(EVENTS)).toHaveLength(20);
  });

  it("is whole again after each new event", async () => {
    world.server.next(CHAT, whole(start()));
    for (let id = 2; id < 12; id += 1) {
      world.server.next(EVENTS, ...Array.from({ length: 10 }, () => unreachable), whole(text(id, "x")));
    }
    world.server.next(EVENTS, whole(end(12)));
    expect(fold(await read(world.client.streamChat({ message: "Hi" }))).text).toBe("xxxxxxxxxx");
  });

  it("waits at random below a ceiling that doubles", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    world.server.next(EVENTS, unreachable, unreachable, unreachable, unreachable, whole(end(2)));
    const { waits, onConnection } = recordWaits();
    await read(world.client.followTurn(IDS.turnId, { lastEventId: 1, onConnection }));
    expect(waits).toEqual([200, 400, 800, 1_600]);
  });

  it("is not spent on what cannot change", async () => {
    world.server.always(EVENTS, () => problem(404, "not-found"));
    await expect(read(world.client.followTurn(IDS.turnId))).rejects.toMatchObject({ code: "not-found" });
    expect(world.server.requests).toHaveLength(1);
  });
});

describe("what the server says in passing", () => {
  it("reconnects when and as late as it is told to", async () => {
    const stream = new FakeStream(start(), frame(null, "reconnect", { afterMs: 2_000 }));
    world.server.next(CHAT, stream.response(NAMED));
    world.server.next(EVENTS, whole(end(2)));
    const { waits, onConnection } = recordWaits();
    await read(world.client.streamChat({ message: "Hi" }, { onConnection }));
    await stream.cancelled;
    expect(waits[0]).toBeGreaterThanOrEqual(2_000);
  });

  it("heeds `retry` when the connection is cut", async () => {
    world.server.next(CHAT, whole(start(), "retry: 3000\n\n"));
    world.server.next(EVENTS, whole(end(2)));
    const { waits, onConnection } = recordWaits();
    await read(world.client.streamChat({ message: "Hi" }, { onConnection }));
    expect(waits[0]).toBeGreaterThanOrEqual(3_000);
  });

  it("drops what a rewind voids, and shows what follows", async () => {
    world.server.next(CHAT, whole(start(), text(2, "lost words")));
    world.server.next(EVENTS, whole(frame(null, "rewind", { lastEventId: 0 }), start(), text(2, "kept"), end(3)));
    const events = await read(world.client.streamChat({ message: "Hi" }));
    expect(fold(events)).toMatchObject({ text: "kept", status: "complete", lastEventId: 3 });
    expect(events.map((event) => event.type)).toContain("rewind");
  });

  it("takes a turn whose log is gone in one piece, also from the middle of it and when it is cut once more", async () => {
    const thought = frame(2, "reasoning-delta", { text: "Hm." });
    world.server.next(CHAT, whole(start(), text(2, "Be"), text(3, "cause")));
    world.server.next(EVENTS, whole(frame(null, "rewind", { lastEventId: 0 }), start(), thought));
    world.server.next(
      EVENTS,
      whole(frame(null, "rewind", { lastEventId: 0 }), start(), thought, text(3, "Because."), end(412)),
    );
    const events = await read(world.client.streamChat({ message: "Hi" }));
    const shown = { text: "Because.", reasoning: "Hm.", status: "complete", lastEventId: 412 };
    expect(fold(events)).toMatchObject(shown);
    expect(world.server.to(EVENTS).map((request) => request.headers.get("Last-Event-ID"))).toEqual(["3", "2"]);
  });

  it("asks for everything when a rewind goes to somewhere in between", async () => {
    world.server.next(CHAT, whole(start(), text(2, "a"), text(3, "lost")));
    world.server.next(EVENTS, whole(frame(null, "rewind", { lastEventId: 2 }), text(3, "b"), end(4)));
    world.server.next(EVENTS, whole(start(), text(2, "a"), text(3, "b"), end(4)));
    expect(fold(await read(world.client.streamChat({ message: "Hi" }))).text).toBe("ab");
    expect(world.server.to(EVENTS)[1]?.headers.get("Last-Event-ID")).toBeNull();
  });

  it("tells of a provider that is asked again and of a slow database", async () => {
    world.server.next(CHAT, whole(start(), frame(null, "storage-degraded", {}), text(2, "a"), end(3)));
    const notices: unknown[] = [];
    let state = initialTurn;
    for (const event of await read(world.client.streamChat({ message: "Hi" }))) {
      state = reduce(state, event);
      notices.push(state.notice);
    }
    expect(notices).toEqual([null, "storage-degraded", null, null]);
  });
});
