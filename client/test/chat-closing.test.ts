/** A chat that is closed, reloaded or opened twice while a message is on its way. */

import { beforeEach, describe, expect, it, vi } from "vitest";

import { Outbox } from "../src/index.js";
import type { Chat, OutboxEntry } from "../src/index.js";
import { CHAT, passing } from "./support/bench.js";
import { chatBench, outline, until } from "./support/chat.js";
import { eventually } from "./support/eventually.js";
import { IDS, end, start, text } from "./support/frames.js";
import { FakeLocks } from "./support/locks.js";
import { FakeStream, type Recorded, json, problem, unreachable } from "./support/server.js";

const world = chatBench();
let sessions: number;
/** What the server has, by key: the session of each message. */
let stored: Map<string, { sessionId: string; message: string }>;

/** Stores a message once, and answers it. */
function answer({ body }: Recorded): Response {
  const { clientMessageId = "", message, sessionId } = body as { clientMessageId?: string; message: string; sessionId?: string };
  const known = stored.get(clientMessageId) ?? { sessionId: sessionId ?? `session-${(sessions += 1)}`, message };
  if (known.message !== message) return problem(422, "idempotency-conflict");
  stored.set(clientMessageId, known);
  const turnId = `turn-of-${clientMessageId}`;
  const ids = { turnId, sessionId: known.sessionId, userMessageId: `user-${clientMessageId}`, messageId: `reply-${clientMessageId}` };
  const frames = [start(ids), text(2, `Re: ${message}`), end(3, "complete", ids.messageId)];
  return new FakeStream(...frames).end().response({ "X-Turn-Id": turnId, "X-Session-Id": known.sessionId });
}

const texts = () => [...stored.values()].map(({ message }) => message);
const sent = () => world.server.to(CHAT).map(({ body }) => (body as { message: string }).message);
const entries = async (): Promise<readonly OutboxEntry[]> => world.storage.read();

/** The storage of a tab, which survives a reload and is copied when the tab is. */
function stubTab(kept = new Map<string, string>()): Map<string, string> {
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  return kept;
}

beforeEach(() => {
  sessions = 0;
  stored = new Map();
  vi.stubGlobal("navigator", { onLine: true, locks: new FakeLocks() });
  world.server.always(CHAT, answer);
});

describe("a chat that is closed in the middle of a send", () => {
  /** Sends, and closes when the server has the message and has not answered yet. */
  async function closedWhileSending(chat: Chat): Promise<void> {
    world.server.next(CHAT, (request, signal) => {
      answer(request);
      return new Promise<Response>((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    });
    const sending = chat.submit("one");
    await passing(world.server.asked(CHAT));
    chat.close();
    expect(await passing(sending)).toEqual({ outcome: "closed" });
  }

  it("sends it again when it is opened again, and shows the answer", async () => {
    stubTab();
    const chat = world.chat();
    await closedWhileSending(chat);
    chat.open();
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
    expect(outline(chat.getSnapshot())).toEqual(["user: one", "assistant: Re: one"]);
    expect(texts()).toEqual(["one"]);
    expect(await entries()).toEqual([]);
  });

  it("has it sent by any other chat", async () => {
    await closedWhileSending(world.chat());
    world.chat({ outbox: new Outbox({ name: "chat", storage: world.storage }) }).open();
    await passing(eventually(async () => expect(await entries()).toEqual([])));
    expect(texts()).toEqual(["one"]);
  });

  it("leaves what it was sending of another conversation to the next one", async () => {
    await world.own.add({ conversation: "session-9", sessionId: "session-9", text: "left" });
    world.server.next(CHAT, (_request, signal) => {
      return new Promise<Response>((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    });
    const first = world.chat();
    first.open();
    await passing(world.server.asked(CHAT));
    first.close();
    await passing(eventually(async () => expect((await entries())[0]?.state).toBe("waiting")));
    world.chat().open();
    await passing(eventually(async () => expect(await entries()).toEqual([])));
    expect(texts()).toEqual(["left"]);
  });
});

it("a message of a tab that is gone is sent by the tab that shows it", async () => {
  const [entry] = await Promise.all([world.own.add({ conversation: IDS.sessionId, sessionId: IDS.sessionId, text: "one" })]);
  world.server.always(`GET /sessions/${IDS.sessionId}/messages?limit=50`, () => json({ messages: [], nextCursor: null, activeTurn: null }));
  const chat = world.chat({ sessionId: IDS.sessionId });
  await world.storage.change((all) => all.map((each) => ({ ...each, state: "paused" as const, heldBy: "stop" as const })));
  chat.open();
  await until(chat, ({ loaded, outbox }) => loaded && outbox.length === 1);
  await world.storage.change((all) => all.map((each) => ({ ...each, state: "sending" as const, attempted: true })));
  await world.own.load();
  await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
  expect(stored.has(entry.clientMessageId)).toBe(true);
});

describe("a message that is refused after a try that may have arrived", () => {
  async function refusedLate(): Promise<Chat> {
    const lost = (request: Recorded) => {
      answer(request);
      return unreachable();
    };
    world.server.next(CHAT, lost, () => problem(403, "user-mismatch"));
    const chat = world.chat();
    await passing(chat.send("one"));
    return chat;
  }

  it("says so, and goes out as another message when it is changed", async () => {
    const chat = await refusedLate();
    const [unsent] = chat.getSnapshot().outbox;
    expect(unsent).toMatchObject({ state: "failed", reason: "refused", mayHaveArrived: true });
    expect(await passing(chat.editUnsent(unsent?.clientMessageId ?? "", "two"))).toBe(true);
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
    expect(texts()).toEqual(["one", "two"]);
  });

  it("joins the turn of the first try when it is tried again as it is", async () => {
    const chat = await refusedLate();
    await passing(chat.retryUnsent(chat.getSnapshot().outbox[0]?.clientMessageId ?? ""));
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
    expect(texts()).toEqual(["one"]);
  });

  it("keeps its name when the first try was the one refused", async () => {
    world.server.next(CHAT, () => problem(422, "invalid-text"));
    const chat = world.chat();
    await passing(chat.send("one"));
    const { clientMessageId = "", mayHaveArrived } = chat.getSnapshot().outbox[0] ?? {};
    expect(mayHaveArrived).toBe(false);
    await passing(chat.editUnsent(clientMessageId, "two"));
    await until(chat, ({ messages, status }) => messages.length === 2 && status === "ready");
    expect([...stored]).toMatchObject([[clientMessageId, { message: "two" }]]);
  });
});

describe("two drafts", () => {
  it("of one tab are two conversations", async () => {
    stubTab();
    const [widget, main] = [world.chat(), world.chat()];
    await passing(Promise.all([widget.send("one"), main.send("two")]));
    expect(outline(widget.getSnapshot())).toEqual(["user: one", "assistant: Re: one"]);
    expect(outline(main.getSnapshot())).toEqual(["user: two", "assistant: Re: two"]);
    expect(sessions).toBe(2);
  });

  it("of a tab and its copy are two conversations", async () => {
    const kept = stubTab();
    const original = world.chat();
    original.open();
    await until(original, ({ loaded }) => loaded);
    await passing(eventually(() => expect(kept.size).toBe(1)));
    stubTab(new Map(kept));
    const copy = world.chat({ outbox: new Outbox({ name: "chat", storage: world.storage }) });
    await passing(Promise.all([original.send("one"), copy.send("two")]));
    expect(outline(original.getSnapshot())).toEqual(["user: one", "assistant: Re: one"]);
    expect(outline(copy.getSnapshot())).toEqual(["user: two", "assistant: Re: two"]);
  });

  it("of one tab are two conversations without locks and channels, too", async () => {
    vi.stubGlobal("BroadcastChannel", undefined);
    vi.stubGlobal("navigator", { onLine: true });
    stubTab();
    const [one, two] = [world.chat(), world.chat()];
    await passing(Promise.all([one.send("one"), two.send("two")]));
    expect(texts().sort()).toEqual(["one", "two"]);
    expect(await entries()).toEqual([]);
  });

  it("that is opened twice in a row, as React does, is found again after a reload", async () => {
    stubTab();
    vi.stubGlobal("navigator", { onLine: false, locks: new FakeLocks() });
    world.server.always("GET /health/live", unreachable);
    const before = world.chat();
    before.open();
    before.close();
    before.open();
    await passing(before.send("one"));
    before.close();
    const after = world.chat();
    after.open();
    await until(after, ({ outbox }) => outbox.length === 1);
    expect(after.getSnapshot().outbox[0]?.text).toBe("one");
  });

  it("are found again, each by its own, after a reload", async () => {
    stubTab();
    const network = { onLine: false, locks: new FakeLocks() };
    vi.stubGlobal("navigator", network);
    world.server.always("GET /health/live", unreachable);
    const before = [world.chat(), world.chat()];
    await passing(Promise.all([before[0]?.send("one"), before[1]?.send("two")]));
    for (const chat of before) chat.close();
    const after = [world.chat(), world.chat()];
    for (const chat of after) {
      chat.open();
      await until(chat, ({ outbox }) => outbox.length === 1);
    }
    expect(after.map((chat) => chat.getSnapshot().outbox[0]?.text)).toEqual(["one", "two"]);
    expect(sent()).toEqual([]);
  });
});
