import { describe, expect, it } from "vitest";

import { readFrames } from "../src/stream/read.js";
import { type Frame, SseParser } from "../src/stream/sse.js";
import { FakeStream } from "./support/server.js";

function parse(...chunks: string[]): { frames: Frame[]; retries: number[] } {
  const frames: Frame[] = [];
  const retries: number[] = [];
  const parser = new SseParser({ onFrame: (frame) => frames.push(frame), onRetry: (ms) => retries.push(ms) });
  for (const chunk of chunks) parser.push(chunk);
  return { frames, retries };
}

async function read(bytes: Uint8Array, cut: number): Promise<Frame[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.slice(0, cut));
      controller.enqueue(bytes.slice(cut));
      controller.close();
    },
  });
  const frames: Frame[] = [];
  const { signal } = new AbortController();
  for await (const frame of readFrames(body, { signal })) frames.push(frame);
  return frames;
}

describe("the rules of the format", () => {
  const a = { type: "message", data: "a", id: null };
  it.each([
    ["a frame ends with an empty line", "data: a\n\n", [a]],
    ["a frame without its empty line is not given", "data: a\n", []],
    ["a line may end with CR", "data: a\r\r", [a]],
    ["a line may end with CRLF", "data: a\r\n\r\n", [a]],
    ["only one space after the colon is left out", "data:  a\n\n", [{ ...a, data: " a" }]],
    ["the space may be missing", "data:a\n\n", [a]],
    ["lines of data are joined by LF", "data: a\ndata: b\n\n", [{ ...a, data: "a\nb" }]],
    ["a field may have no value", "data\ndata\n\n", [{ ...a, data: "\n" }]],
    ["a comment is no event", ": a\n\n:\n\n", []],
    ["an event without data is none", "event: x\nid: 1\n\ndata: a\n\n", [a]],
    ["the name does not outlive its event", "event: x\ndata: a\n\ndata: a\n\n", [{ ...a, type: "x" }, a]],
    ["the id belongs to its own event", "id: 7\ndata: a\n\ndata: a\n\n", [{ ...a, id: "7" }, a]],
    ["an id with NUL is none", "id: 7\0\ndata: a\n\n", [a]],
    ["unknown fields are left out", "colour: red\ndata: a\n\n", [a]],
    ["line separators of Unicode are text", "data: a\u2028\u2029\u0085b\n\n", [{ ...a, data: "a\u2028\u2029\u0085b" }]],
  ])("%s", (_rule, stream, frames) => {
    expect(parse(stream).frames).toEqual(frames);
  });

  it("gives the pause that the server asks for, and nothing for what is no number", () => {
    expect(parse("retry: 1500\n\nretry: soon\n\nretry: -1\n\n").retries).toEqual([1500]);
  });

  it("leaves out the byte order mark", async () => {
    const bytes = new TextEncoder().encode("\ufeffdata: a\n\n");
    expect(await read(bytes, 1)).toEqual([a]);
  });

  it("refuses a line that does not end", () => {
    const parser = new SseParser({ onFrame: () => {}, onRetry: () => {} });
    const chunk = "x".repeat(1024 * 1024);
    expect(() => {
      for (let sent = 0; sent < 64; sent += 1) parser.push(chunk);
    }).toThrow(RangeError);
  });
});

describe("any split", () => {
  const stream = "\ufeff:\n\nid: 1\r\nevent: x\r\ndata: é漢🧑‍🚀\r\n\r\nretry: 9\rdata: b\rdata: c\r\rid: 2\ndata: {}\n\n";
  const bytes = new TextEncoder().encode(stream);

  it.each(Array.from({ length: bytes.length + 1 }, (_, cut) => cut))("is read the same when cut at byte %i", async (cut) => {
    expect(await read(bytes, cut)).toEqual([
      { type: "x", data: "é漢🧑‍🚀", id: "1" },
      { type: "message", data: "b\nc", id: null },
      { type: "message", data: "{}", id: "2" },
    ]);
  });

  it("is read the same in single characters", () => {
    expect(parse(...stream.slice(1)).frames).toEqual(parse(stream.slice(1)).frames);
  });
});

it("closes the connection when the reader leaves", async () => {
  const stream = new FakeStream("data: a\n\ndata: b\n\n");
  for await (const frame of readFrames(stream.body, { signal: new AbortController().signal })) {
    expect(frame.data).toBe("a");
    break;
  }
  await stream.cancelled;
});
