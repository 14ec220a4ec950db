import { beforeEach, describe, expect, it, vi } from "vitest";

import { Outbox } from "../src/index.js";
import type { ChatSnapshot } from "../src/index.js";
import { sendElsewhere } from "../src/outbox/shared.js";
import { CHAT, passing, stubEvents } from "./support/bench.js";
import { chatBench, outline, until } from "./support/chat.js";
import { eventually } from "./support/eventually.js";
import { IDS, end, start, text } from "./support/frames.js";
import { FakeLocks } from "./support/locks.js";
import { FakeStream, type Recorded, json, problem, unreachable } from "./support/server.js";

const world = chatBench();
let network: { onLine: boolean };
let listeners: EventTarget;
let turns: number;

const unsent = ({ outbox }: ChatSnapshot) => outbox.map((entry) => `${entry.text} ${entry.state}`);
const sent = () => world.server.to(CHAT).map(({ body }) => (body as { message: string }).message);

function goOnline(): void {
  network.onLine = true;
  listeners.dispatchEvent(new Event("online"));
}

/** Answers a message with a whole turn that repeats it. */
function echo(request: Recorded): Response {
  turns += 1;
  const { message } = request.body as { message: string };
  const ids = { turnId: `echo-${turns}`, userMessageId: `user-${turns}`, messageId: `reply-${turns}` };
  const frames = [start(ids), text(2, `Re: ${message}`), end(3, "complete", ids.messageId)];
  return new FakeStream(...frames).end().response({ "X-Turn-Id": ids.turnId, "X-Session-Id": IDS.sessionId });
}

beforeEach(() => {
  turns = 0;
  listeners = stubEvents();
  network = { onLine: true };
  vi.stubGlobal("navigator", network);
  world.server.always(CHAT, echo);
  world.server.always("GET /health/live", () => (network.onLine ? json({}) : unreachable()));
});

describe("without a network", () => {
  beforeEach(() => {
    network.onLine = false;
  });

  it("messages wait, and go out once and in order when the network is back", async () => {
    const chat = world.chat();
    for (const each of ["one", "two", "three"]) expect(await passing(chat.send(each))).toBeNull();
    expect(unsent(chat.getSnapshot())).toEqual(["one waiting", "two waiting", "three waiting"]);
    expect(sent()).toEqual([]);
    goOnline();
    await until(chat, ({ messages, status }) => messages.length === 6 && status === "ready");
    expect(sent()).toEqual(["one", "two", "three"]);
    expect(outline(chat.getSnapshot())).toEqual(
      ["one", "two", "three"].flatMap((each) => [`user: ${each}`, `assistant: Re: ${each}`]),
    );
    expect(chat.getSnapshot().outbox).toEqual([]);
  });

  it("messages can be changed and given up before they go out", async () => {
    const chat = world.chat();
    for (const each of ["one", "two", "three"]) await passing(chat.send(each));
    const [first, second] = chat.getSnapshot().outbox;
    expect(await chat.editUnsent(first?.clientMessageId ?? "", "first")).toBe(true);
    await chat.cancelUnsent(second?.clientMessageId ?? "");
    goOnline();
    await until(chat, ({ messages, status }) => messages.length === 4 && status === "ready");
    expect(sent()).toEqual(["first", "three"]);
  });

  it("messages outlive a reload, and go into one session", async () => {
    const kept = new Map<string, string>();
    vi.stubGlobal("sessionStorage", {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
    const before = world.chat();
    await passing(before.send("one"));
    await passing(before.send("two"));
    before.close();
    const after = world.chat({ outbox: new Outbox({ name: "chat", storage: world.storage }) });
    after.open();
    await until(after, ({ outbox }) => outbox.length === 2);
    goOnline();
    await until(after, ({ messages, status }) => messages.length === 4 && status === "ready");
    const sessions = world.server.to(CHAT).map(({ body }) => (body as { sessionId?: string }).sessionId);
    expect(sessions).toEqual([undefined, IDS.sessionId]);
    expect(kept.size).toBe(0);
  });
});

describe("behind a reply that is being written", () => {
  async function streaming() {
    const stream = new FakeStream(start(), text(2, "Hel"));
    world.server.next(CHAT, stream.response({ "X-Turn-Id": IDS.turnId, "X-Session-Id": IDS.sessionId }));
    const chat = world.chat();
    const first = chat.send("one");
    await until(chat, ({ streamingMessage }) => streamingMessage?.content === "Hel");
    const second = chat.send("two");
    await until(chat, ({ outbox }) => outbox.length === 1);
    return { stream, chat, first, second };
  }

  it("a message waits for its end", async () => {
    const { stream, chat, first, second } = await streaming();
    expect(sent()).toEqual(["one"]);
    stream.send(end(3)).end();
    await passing(first);
    expect(await passing(second)).toMatchObject({ content: "Re: two" });
    expect(sent()).toEqual(["one", "two"]);
    expect(unsent(chat.getSnapshot())).toEqual([]);
  });

  it("a stop holds it back, and it is sent when it is let go", async () => {
    const { stream, chat, first, second } = await streaming();
    world.server.next(`POST /turns/${IDS.turnId}/stop`, () => {
      stream.send(end(3, "stopped")).end();
      return json({ ...IDS, status: "stopped", text: "Hel", finishReason: null, usage: null, lastEventId: 3 });
    });
    await chat.stop();
    await passing(first);
    expect(await passing(second)).toBeNull();
    expect(unsent(chat.getSnapshot())).toEqual(["two paused"]);
    expect(sent()).toEqual(["one"]);
    await chat.resumeOutbox();
    await until(chat, ({ messages, status }) => messages.length === 4 && status === "ready");
    expect(sent()).toEqual(["one", "two"]);
  });

  it("an error holds it back, and what is sent next goes out after it", async () => {
    const { stream, chat, first, second } = await streaming();
    stream.send(end(3, "failed")).end();
    await passing(Promise.all([first, second]));
    expect(unsent(chat.getSnapshot())).toEqual(["two paused"]);
    await passing(chat.send("three"));
    expect(sent()).toEqual(["one", "two", "three"]);
  });
});

describe("a message that the server does not take", () => {
  it("stays with what is wrong, and goes out after it was changed", async () => {
    world.server.next(CHAT, () => problem(422, "invalid-text"));
    const onError = vi.fn();
    const chat = world.chat({ onError });
    expect(await passing(chat.send("one\0"))).toBeNull();
    expect(chat.getSnapshot()).toMatchObject({ status: "error", error: { code: "invalid-text" } });
    expect(onError).toHaveBeenCalledOnce();
    const [entry] = chat.getSnapshot().outbox;
    expect(entry).toMatchObject({ state: "failed", error: { code: "invalid-text" } });
    await chat.editUnsent(entry?.clientMessageId ?? "", "one");
    await chat.retry();
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
    expect(sent()).toEqual(["one\0", "one"]);
  });

  it("is tried again by itself when the server cannot be reached, with the same key", async () => {
    world.server.next(CHAT, ...Array.from({ length: 6 }, () => unreachable));
    const onError = vi.fn();
    const chat = world.chat({ onError });
    expect(await passing(chat.send("one"))).toBeNull();
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "network", retryable: true }));
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
    expect(chat.getSnapshot().error).toBeNull();
    expect(world.server.to(CHAT)).toHaveLength(7);
    expect(new Set(world.server.to(CHAT).map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it("is no longer asked for after a stop", async () => {
    world.server.always(CHAT, unreachable);
    const chat = world.chat();
    const sending = chat.send("one");
    await until(chat, ({ status }) => status === "submitted");
    await passing(chat.stop());
    await passing(sending);
    const tries = world.server.to(CHAT).length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(world.server.to(CHAT)).toHaveLength(tries);
    expect(unsent(chat.getSnapshot())).toEqual(["one paused"]);
  });
});

describe("what was left by a chat that is not open", () => {
  const left = { conversation: "session-9", sessionId: "session-9" };

  it("is sent by any other, in order", async () => {
    await world.own.add({ ...left, text: "one" });
    await world.own.add({ ...left, text: "two" });
    world.chat().open();
    await passing(world.server.asked(CHAT, 2));
    await passing(eventually(() => expect(world.own.entries).toEqual([])));
    expect(sent()).toEqual(["one", "two"]);
  });

  it("is left to the tab that has it open", async () => {
    vi.stubGlobal("navigator", { onLine: true, locks: new FakeLocks() });
    await world.own.add({ ...left, text: "one" });
    await world.own.pause("session-9");
    const chat = world.chat({ sessionId: "session-9" });
    world.server.next("GET /sessions/session-9/messages?limit=50", json({ messages: [], nextCursor: null, activeTurn: null }));
    chat.open();
    await until(chat, ({ loaded }) => loaded);
    await world.storage.change((entries) => entries.map((entry) => ({ ...entry, state: "waiting" })));
    await sendElsewhere(world.own, world.client, new AbortController().signal);
    expect(sent()).toEqual([]);
  });
});
