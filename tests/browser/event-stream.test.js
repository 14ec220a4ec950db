// The page's parser of event streams, on every split of the bytes and every line end.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

// The page is served as it is, so this module stands in no package that would make it one for Node.
const source = await readFile(new URL("../../static/net/sse.js", import.meta.url));
const { EventStreamParser, StreamCutError, readEvents } = await import(
  `data:text/javascript;base64,${source.toString("base64")}`
);

const LINES = [
  ": a comment",
  "",
  "id: 1",
  "event: turn-start",
  'data: {"text":"é😀\u2028"}',
  "",
  "data:two",
  "data: lines",
  "",
  "id: 3",
  "",
  "retry: 5",
  "event: without-data",
  "",
  "id:4",
  "data",
  "",
  "unknown: field",
  "data:  one space is not two",
  "",
  "id: 9",
  "data: unfinished",
];
const EVENTS = [
  { id: "1", type: "turn-start", data: '{"text":"é😀\u2028"}' },
  { id: null, type: "message", data: "two\nlines" },
  { id: "4", type: "message", data: "" },
  { id: null, type: "message", data: " one space is not two" },
];

function body(...pieces) {
  return new ReadableStream({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(piece));
      controller.close();
    },
  });
}

async function collect(stream) {
  const events = [];
  for await (const event of readEvents(stream, { idleMs: 1000 })) events.push(event);
  return events;
}

for (const [name, end] of [
  ["LF", "\n"],
  ["CRLF", "\r\n"],
  ["CR", "\r"],
]) {
  for (const [mark, start] of [
    ["", ""],
    [" after a byte order mark", "\ufeff"],
  ]) {
    const bytes = new TextEncoder().encode(start + LINES.join(end));

    test(`events with ${name}${mark} are read the same however their bytes are split in two`, async () => {
      for (let cut = 0; cut <= bytes.length; cut++) {
        const events = await collect(body(bytes.slice(0, cut), bytes.slice(cut)));
        assert.deepEqual(events, EVENTS, `split after ${cut} bytes`);
      }
    });

    test(`events with ${name}${mark} are read the same byte by byte`, async () => {
      const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
      assert.deepEqual(await collect(body(...pieces)), EVENTS);
    });
  }
}

test("an event is given as soon as its last line has ended", () => {
  const events = [];
  const parser = new EventStreamParser((event) => events.push(event));
  parser.push("data: x\r\n\r");
  assert.deepEqual(events, [{ id: null, type: "message", data: "x" }]);
  parser.push("\ndata: y\n\n");
  assert.equal(events.length, 2);
});

test("silence ends a stream as a cut", async () => {
  const events = readEvents(new ReadableStream({}), { idleMs: 10 });
  await assert.rejects(events.next(), StreamCutError);
});

test("a broken connection ends a stream as a cut", async () => {
  const broken = new ReadableStream({ start: (controller) => controller.error(new TypeError("network")) });
  await assert.rejects(readEvents(broken, { idleMs: 1000 }).next(), StreamCutError);
});
