/** Pages and streams that say less than what has happened. */

import { describe, expect, it } from "vitest";

import { CHAT, EVENTS, passing, whole } from "./support/bench.js";
import { chatBench, outline, until } from "./support/chat.js";
import { IDS, NAMED, end, start, text } from "./support/frames.js";
import { message, page } from "./support/messages.js";
import { FakeStream, json, unreachable } from "./support/server.js";

const world = chatBench();
const PAGE = `GET /sessions/${IDS.sessionId}/messages?limit=50`;
const TURN = `GET /turns/${IDS.turnId}`;

const ended = {
  ...IDS,
  messageId: "m2",
  status: "complete",
  text: "Hello",
  finishReason: "stop",
  usage: null,
  lastEventId: 4,
  createdAt: "2026-01-01T00:00:00.000Z",
};
/** The row says that it runs, and the number is already its last one. */
const late = () =>
  json(
    page([message("m1", "user", "Hi"), message("m2", "assistant", "Hello", "m1", "streaming")], {
      turnId: IDS.turnId,
      messageId: "m2",
      status: "streaming",
      lastEventId: 4,
    }),
  );
const nothingMore = () => new Response(null, { status: 204 });

describe("a turn of which nothing more comes", () => {
  it("is looked at, and has ended", async () => {
    world.server.next(PAGE, late());
    world.server.next(EVENTS, nothingMore());
    world.server.next(TURN, json(ended));
    const chat = world.chat({ sessionId: IDS.sessionId });
    chat.open();
    await until(chat, ({ loaded, status }) => loaded && status === "ready");
    expect(chat.getSnapshot().messages.at(-1)).toMatchObject({ content: "Hello", status: "complete" });
    const ids = { turnId: "turn-2", userMessageId: "m3", messageId: "m4" };
    const answer = new FakeStream(start(ids), end(2, "complete", "m4")).end();
    world.server.next(CHAT, answer.response({ ...NAMED, "X-Turn-Id": ids.turnId }));
    await passing(chat.send("And?"));
    expect(chat.getSnapshot().messages).toHaveLength(4);
  });

  it("is looked at again when that fails", async () => {
    world.server.next(PAGE, late(), late());
    world.server.next(EVENTS, nothingMore(), nothingMore());
    world.server.next(TURN, unreachable, json(ended));
    const chat = world.chat({ sessionId: IDS.sessionId });
    chat.open();
    await until(chat, ({ error }) => error !== null);
    await passing(chat.retry());
    await until(chat, ({ status }) => status === "ready");
    expect(chat.getSnapshot().messages.at(-1)).toMatchObject({ content: "Hello", status: "complete" });
  });
});

it("a page that was asked for while a reply ran and comes after its end leaves the end", async () => {
  let answer: (response: Response) => void = () => {};
  world.server.next(CHAT, whole(start(), text(2, "Hello"), end(3)));
  const chat = world.chat();
  await passing(chat.send("Hi"));
  world.server.next(PAGE, () => new Promise<Response>((resolve) => (answer = resolve)));
  const looking = chat.refresh();
  await passing(world.server.asked(PAGE));
  const rows = [message(IDS.userMessageId, "user", "Hi"), message(IDS.messageId, "assistant", "Hel", IDS.userMessageId, "streaming")];
  answer(json(page(rows, { turnId: IDS.turnId, messageId: IDS.messageId, status: "streaming", lastEventId: 2 })));
  await passing(looking);
  expect(outline(chat.getSnapshot())).toEqual(["user: Hi", "assistant: Hello"]);
  expect(chat.getSnapshot()).toMatchObject({ status: "ready", streamingMessage: null });
  expect(chat.getSnapshot().messages.at(-1)?.status).toBe("complete");
});
