/** What the server does not take, or not yet: each message says why, when it is tried next, and what can be done. */

import { beforeEach, describe, expect, it, vi } from "vitest";

import { canContinue, canRegenerate } from "../src/index.js";
import type { Chat, ChatSnapshot, UnsentMessage } from "../src/index.js";
import { CHAT, passing } from "./support/bench.js";
import { chatBench, outline, until } from "./support/chat.js";
import { IDS, NAMED, end, frame, start, text } from "./support/frames.js";
import { message, page } from "./support/messages.js";
import { FakeStream, type Recorded, json, problem } from "./support/server.js";

const world = chatBench();
let turns: number;

const sent = () => world.server.to(CHAT).map(({ body }) => (body as { message: string }).message);
const first = ({ outbox }: ChatSnapshot) => outbox[0] as UnsentMessage;
const reasons = (chat: Chat) => chat.getSnapshot().outbox.map(({ text: words, reason }) => `${words} ${reason}`);

function answer(request: Recorded): Response {
  turns += 1;
  const { message: words } = request.body as { message: string };
  const ids = { turnId: `turn-${turns}`, userMessageId: `user-${turns}`, messageId: `reply-${turns}` };
  const frames = [start(ids), text(2, `Re: ${words}`), end(3, "complete", ids.messageId)];
  return new FakeStream(...frames).end().response({ "X-Turn-Id": ids.turnId, "X-Session-Id": IDS.sessionId });
}

beforeEach(() => {
  turns = 10;
  world.server.always(CHAT, answer);
});

describe("a message that can never be accepted", () => {
  it.each([
    [413, "message-too-long"],
    [413, "payload-too-large"],
    [403, "user-mismatch"],
    [422, "invalid-request"],
    [404, "not-found"],
    [418, "something-new"],
  ])("steps aside, with its reason: %d %s", async (status, code) => {
    world.server.next(CHAT, () => problem(status, code));
    const chat = world.chat();
    expect(await passing(chat.submit("bad"))).toMatchObject({ outcome: "refused", error: { code } });
    expect(await passing(chat.submit("good"))).toMatchObject({ outcome: "answered", message: { content: "Re: good" } });
    expect(first(chat.getSnapshot())).toMatchObject({
      text: "bad",
      reason: "refused",
      error: { code },
      nextTryAt: null,
      actions: ["edit", "retry", "discard"],
    });
    expect(sent()).toEqual(["bad", "good"]);
  });

  it("keeps nobody after a reload either, and goes where the others of its draft went", async () => {
    world.server.next(CHAT, () => problem(413, "message-too-long"));
    const before = world.chat();
    await passing(before.submit("bad"));
    await passing(before.submit("good"));
    before.close();
    world.server.always(`GET /sessions/${IDS.sessionId}/messages?limit=50`, () => json(page([])));
    const after = world.chat({ sessionId: IDS.sessionId });
    after.open();
    await until(after, ({ outbox }) => outbox.length === 1);
    expect(await passing(after.submit("more"))).toMatchObject({ outcome: "answered" });
    expect(reasons(after)).toEqual(["bad refused"]);
    await passing(after.editUnsent(first(after.getSnapshot()).clientMessageId, "better"));
    await until(after, ({ outbox }) => outbox.length === 0);
    expect(sent()).toEqual(["bad", "good", "more", "better"]);
  });

  it("can be given up, and tried again by itself", async () => {
    world.server.next(CHAT, () => problem(422, "invalid-request"), () => problem(422, "invalid-request"));
    const chat = world.chat();
    await passing(chat.submit("one"));
    await passing(chat.submit("two"));
    const [one, two] = chat.getSnapshot().outbox;
    await passing(chat.cancelUnsent(one?.clientMessageId ?? ""));
    await passing(chat.retryUnsent(two?.clientMessageId ?? ""));
    await until(chat, ({ outbox, status }) => outbox.length === 0 && status === "ready");
    expect(sent()).toEqual(["one", "two", "two"]);
  });

  it("is none for want of a user that the application does not know yet", async () => {
    const chat = world.chat({ userId: "", sessionId: "" });
    expect(await passing(chat.submit("Hi"))).toMatchObject({ outcome: "answered" });
    expect(world.server.to(CHAT)[0]?.body).not.toHaveProperty("userId");
    expect(world.server.to(CHAT)[0]?.body).not.toHaveProperty("sessionId");
  });

  it("goes out as its writer's after it was written with a wrong name", async () => {
    world.server.next(CHAT, () => problem(403, "user-mismatch"));
    const chat = world.chat();
    await passing(chat.send("Hi", "nobody"));
    await passing(chat.retryUnsent(first(chat.getSnapshot()).clientMessageId));
    await until(chat, ({ outbox }) => outbox.length === 0);
    expect(world.server.to(CHAT).map(({ body }) => (body as { userId?: string }).userId)).toEqual(["nobody", undefined]);
  });
});

describe("a message that waits for a limit", () => {
  const DAY_S = 85_649;
  const spent = () => problem(429, "tokens-spent", { "Retry-After": String(DAY_S) });

  it("says which, and until when; it can be changed, and what follows says that it waits, too", async () => {
    world.server.next(CHAT, spent);
    const chat = world.chat();
    const before = Date.now();
    expect(await passing(chat.submit("one"))).toMatchObject({ outcome: "waiting", unsent: { reason: "limited" } });
    const unsent = first(chat.getSnapshot());
    expect(unsent).toMatchObject({ error: { code: "tokens-spent" }, actions: ["edit", "retry", "discard"] });
    expect(unsent.words.title).toBe("Today’s limit is used up");
    expect(unsent.nextTryAt).toBeGreaterThanOrEqual(before + DAY_S * 1_000);
    await passing(chat.submit("two"));
    expect(reasons(chat)).toEqual(["one limited", "two behind"]);
    expect(sent()).toEqual(["one"]);
    expect(await passing(chat.editUnsent(unsent.clientMessageId, "better"))).toBe(true);
    await vi.advanceTimersByTimeAsync(DAY_S * 1_000 + 60_000);
    await until(chat, ({ outbox, status }) => outbox.length === 0 && status === "ready");
    expect(sent()).toEqual(["one", "better", "two"]);
  });

  it("is not asked for again by a reload before its time, and is when the learner wants to", async () => {
    world.server.next(CHAT, spent, spent);
    const before = world.chat();
    await passing(before.submit("one"));
    before.close();
    before.open();
    await until(before, ({ outbox }) => outbox.length === 1);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sent()).toHaveLength(1);
    expect(first(before.getSnapshot()).nextTryAt).toBeGreaterThan(Date.now());
    await passing(before.retryUnsent(first(before.getSnapshot()).clientMessageId));
    await passing(world.server.asked(CHAT, 2));
    expect(sent()).toHaveLength(2);
  });

  it.each(["too-many-turns", "rate-limited", "queue-full", "overloaded", "draining", "storage-unavailable"])(
    "is not told as a server that cannot be reached: %s",
    async (code) => {
      const status = ["overloaded", "draining", "storage-unavailable"].includes(code) ? 503 : 429;
      world.server.next(CHAT, ...Array.from({ length: 3 }, () => () => problem(status, code, { "Retry-After": "2" })));
      const chat = world.chat();
      const told = new Set<string>();
      chat.subscribe(() => {
        const { connectionError, reconnectAt } = chat.getSnapshot();
        if (connectionError !== null && reconnectAt !== null) told.add(connectionError.code);
      });
      expect(await passing(chat.send("one"))).toMatchObject({ content: "Re: one" });
      expect([...told]).toEqual([code]);
    },
  );
});

describe("what waits behind a reply", () => {
  async function behind(status: string): Promise<Chat> {
    const stream = new FakeStream(start(), text(2, "Hel"));
    world.server.next(CHAT, stream.response(NAMED));
    const chat = world.chat();
    const one = chat.send("one");
    await until(chat, ({ streamingMessage }) => streamingMessage?.content === "Hel");
    const two = chat.send("two");
    await until(chat, ({ outbox }) => outbox.length === 1);
    expect(reasons(chat)).toEqual(["two busy"]);
    stream.send(end(3, status)).end();
    await passing(Promise.all([one, two]));
    return chat;
  }

  it("goes out when a crash of the server has cut that off", async () => {
    const chat = await behind("interrupted");
    await until(chat, ({ outbox, status }) => outbox.length === 0 && status === "ready");
    expect(outline(chat.getSnapshot())).toEqual(["user: one", "assistant: Hel", "user: two", "assistant: Re: two"]);
  });

  it.each([
    ["stopped", "stopped"],
    ["failed", "reply-failed"],
  ])("is held back when that was %s, and says so", async (status, reason) => {
    const chat = await behind(status);
    expect(first(chat.getSnapshot())).toMatchObject({ reason, actions: ["edit", "retry", "discard"] });
    await passing(chat.retryUnsent(first(chat.getSnapshot()).clientMessageId));
    await until(chat, ({ outbox }) => outbox.length === 0);
    expect(sent()).toEqual(["one", "two"]);
  });
});

describe("what can be done with a reply", () => {
  it("a failed one that is not the last can be tried again, and one without a text cannot be continued", async () => {
    const failure = { code: "provider-timed-out", title: "Too slow", detail: "", retryable: true };
    const failed = new FakeStream(start(), frame(2, "error", failure), end(3, "failed")).end();
    world.server.next(CHAT, failed.response(NAMED));
    const chat = world.chat();
    await passing(chat.send("one"));
    await passing(chat.send("two"));
    const snapshot = chat.getSnapshot();
    const replies = snapshot.messages.filter(({ role }) => role === "assistant");
    expect(replies.map((reply) => canRegenerate(reply, snapshot))).toEqual([true, true]);
    const empty = { ...replies[1], ...message("m", "assistant", "", "u", "stopped"), alternatives: [], delivery: "sent" as const };
    expect(canContinue(empty as (typeof replies)[0])).toBe(false);
    expect(canContinue({ ...empty, content: "Hel" } as (typeof replies)[0])).toBe(true);
  });
});

it("an empty message is nothing, and no failure of anybody", async () => {
  const chat = world.chat();
  expect(await passing(chat.send(""))).toBeNull();
  expect(chat.getSnapshot().error).toBeNull();
});
