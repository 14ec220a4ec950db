import { expect, it } from "vitest";

import { CHAT, passing } from "./support/bench.js";
import { chatBench, until } from "./support/chat.js";
import { NAMED, end, frame, start, text } from "./support/frames.js";
import { FakeStream } from "./support/server.js";

const world = chatBench();
const LONG = "The sky is blue because air scatters short waves more than long ones. ".repeat(4);

/** A chat on a display in a test's hands. */
function displayed() {
  let now = 0;
  let frames: (() => void)[] = [];
  const schedule = (callback: () => void) => {
    frames.push(callback);
    return () => (frames = frames.filter((each) => each !== callback));
  };
  const chat = world.chat({ smoothing: { now: () => now, schedule } });
  const nextFrame = () => {
    now += 1000 / 60;
    for (const callback of frames.splice(0)) callback();
  };
  const shown = () => chat.getSnapshot().streamingMessage?.content ?? "";
  return { chat, nextFrame, shown, waiting: () => frames.length };
}

it("a reply flows at the display's frame rate, and a change of text alone waits for a frame", async () => {
  const stream = new FakeStream(start());
  world.server.next(CHAT, stream.response(NAMED));
  const { chat, nextFrame, shown, waiting } = displayed();
  const sending = chat.send("Hi");
  await until(chat, ({ streamingMessage }) => streamingMessage !== null);
  let changes = 0;
  chat.subscribe(() => (changes += 1));
  stream.send(text(2, LONG));
  await passing(Promise.resolve());
  expect([changes, shown()]).toEqual([0, ""]);
  const lengths: number[] = [];
  while (waiting() > 0) {
    nextFrame();
    expect(LONG.startsWith(shown())).toBe(true);
    lengths.push(shown().length);
  }
  expect(lengths.length).toBeGreaterThan(5);
  expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  expect(shown()).toBe(LONG);
  expect(changes).toBe(lengths.length);
  stream.send(end(3)).end();
  await passing(sending);
});

it("all of a reply is there at once when it ends", async () => {
  const stream = new FakeStream(start(), text(2, "The"));
  world.server.next(CHAT, stream.response(NAMED));
  const { chat, waiting } = displayed();
  const sending = chat.send("Hi");
  await until(chat, ({ streamingMessage }) => streamingMessage !== null);
  stream.send(text(3, LONG), end(4)).end();
  expect((await passing(sending))?.content).toBe(`The${LONG}`);
  expect(chat.getSnapshot().messages.at(-1)?.content).toBe(`The${LONG}`);
  expect(waiting()).toBe(0);
});

it("what an attempt voids is gone at once", async () => {
  const stream = new FakeStream(start(), text(2, LONG));
  world.server.next(CHAT, stream.response(NAMED));
  const { chat, nextFrame, shown } = displayed();
  const sending = chat.send("Hi");
  await until(chat, ({ streamingMessage }) => streamingMessage !== null);
  nextFrame();
  expect(shown()).not.toBe("");
  stream.send(frame(3, "attempt-start", { attempt: 2, mode: "restart", provider: "p", model: "m", reason: "r" }));
  await until(chat, ({ streamingMessage }) => streamingMessage?.content === "");
  stream.send(text(4, "Because."), end(5)).end();
  expect((await passing(sending))?.content).toBe("Because.");
});
