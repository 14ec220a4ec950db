import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { type Conversation, emptyConversation, foldFeed } from "../src/chat/conversation.js";
import { initialTurn, reduce } from "../src/index.js";
import type { FeedEvent, TurnEvent, TurnState } from "../src/index.js";
import { readFrames } from "../src/stream/read.js";
import type { Frame } from "../src/stream/sse.js";
import { decodeFeedEvent, decodeTurnEvent } from "../src/wire/decode.js";

const FOLDER = new URL("../../tests/golden/", import.meta.url);
const FEED = "feed";
const EXPECTED: Record<string, Partial<TurnState>> = {
  complete: {
    text: 'Because of "scattering":\n\né漢🧑‍🚀 \\ \u2028 data: x\r\n\r\n.',
    status: "complete",
    finishReason: "stop",
    usage: { inputTokens: 9, outputTokens: 12, source: "reported" },
  },
  reasoning: { text: "Because.", reasoning: "The learner asks why.", status: "complete" },
  failed: { text: "", status: "failed", finishReason: null },
  interrupted: { text: "Because of", status: "interrupted", error: null },
  continued: { text: "Because of scattering.", status: "complete", attempts: 2 },
  rewind: { text: "Because.", status: "complete" },
  reconnect: { text: "Because", status: "streaming" },
  restarted: { text: "It scatters.", status: "complete", attempts: 2 },
  focus: { text: "Because.", status: "complete", focus: expect.objectContaining({ version: 1, source: "planned" }) },
};

type Decode<E> = (frame: Frame) => E | null;

async function read<E>(bytes: Uint8Array, cut: number, decode: Decode<E>): Promise<E[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.slice(0, cut));
      controller.enqueue(bytes.slice(cut));
      controller.close();
    },
  });
  const events: E[] = [];
  for await (const frame of readFrames(body, { signal: new AbortController().signal })) {
    const event = decode(frame);
    expect(event, frame.type).not.toBeNull();
    if (event) events.push(event);
  }
  return events;
}

async function expectTheSameCutAnywhere<E>(bytes: Uint8Array, decode: Decode<E>): Promise<void> {
  const whole = await read(bytes, 0, decode);
  for (let cut = 1; cut < bytes.length; cut += 1) expect(await read(bytes, cut, decode), `cut at ${cut}`).toEqual(whole);
}

const recorded = (name: string) => readFileSync(new URL(`${name}.sse`, FOLDER));
const fold = (events: TurnEvent[]) => events.reduce(reduce, initialTurn);

it("every recorded stream has a test", () => {
  const names = readdirSync(FOLDER).map((name) => name.replace(".sse", ""));
  expect(names.sort()).toEqual([...Object.keys(EXPECTED), FEED].sort());
});

describe.each(Object.entries(EXPECTED))("the stream of a turn: %s", (name, expected) => {
  const bytes = recorded(name);

  it("is folded into the turn that the server stored", async () => {
    const state = fold(await read(bytes, 0, decodeTurnEvent));
    expect(state).toMatchObject({ ...expected, turnId: expect.any(String), provider: "openai" });
    expect(state.error === null).toBe(name !== "failed");
  });

  it("is the same when it is cut at any byte", async () => {
    await expectTheSameCutAnywhere(bytes, decodeTurnEvent);
  });

  it("is the same turn when each event comes twice", async () => {
    const events = await read(bytes, 0, decodeTurnEvent);
    const durable = events.filter((event) => "id" in event);
    expect(fold(durable.flatMap((event) => [event, event]))).toEqual(fold(durable));
  });
});

describe("the feed of a session", () => {
  const bytes = recorded(FEED);
  const foldAll = (events: FeedEvent[]) =>
    events.reduce<Conversation>((conversation, event) => foldFeed(conversation, event), emptyConversation);

  it("is folded into the session that the server stored", async () => {
    const conversation = foldAll(await read(bytes, 0, decodeFeedEvent));
    expect(conversation).toMatchObject({ deleted: true, session: { title: "Light" } });
    expect(conversation.messages.map(({ role, content, status }) => [role, content, status])).toEqual([
      ["user", "Why is the sky blue?", "complete"],
      ["assistant", "Because of scattering.", "complete"],
    ]);
    expect(Object.values(conversation.turns)).toMatchObject([{ text: "Because of scattering.", status: "complete" }]);
  });

  it("is the same when it is cut at any byte", async () => {
    await expectTheSameCutAnywhere(bytes, decodeFeedEvent);
  });

  it("is the same session when each event comes twice", async () => {
    const events = await read(bytes, 0, decodeFeedEvent);
    expect(foldAll(events.flatMap((event) => [event, event]))).toEqual(foldAll(events));
  });
});
