import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { initialTurn, reduce } from "../src/index.js";
import type { TurnEvent, TurnState } from "../src/index.js";
import { readFrames } from "../src/stream/read.js";
import { decodeTurnEvent } from "../src/wire/decode.js";

const FOLDER = new URL("../../tests/golden/", import.meta.url);
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
};

async function read(bytes: Uint8Array, cut: number): Promise<TurnEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes.slice(0, cut));
      controller.enqueue(bytes.slice(cut));
      controller.close();
    },
  });
  const events: TurnEvent[] = [];
  for await (const frame of readFrames(body, { signal: new AbortController().signal })) {
    const event = decodeTurnEvent(frame);
    expect(event, frame.type).not.toBeNull();
    if (event) events.push(event);
  }
  return events;
}

const fold = (events: TurnEvent[]) => events.reduce(reduce, initialTurn);

it("every recorded stream has a test", () => {
  const recorded = readdirSync(FOLDER).map((name) => name.replace(".sse", ""));
  expect(recorded.sort()).toEqual(Object.keys(EXPECTED).sort());
});

describe.each(Object.entries(EXPECTED))("the stream of a turn: %s", (name, expected) => {
  const bytes = readFileSync(new URL(`${name}.sse`, FOLDER));

  it("is folded into the turn that the server stored", async () => {
    const state = fold(await read(bytes, 0));
    expect(state).toMatchObject({ ...expected, turnId: expect.any(String), provider: "openai" });
    expect(state.error === null).toBe(name !== "failed");
  });

  it("is the same when it is cut at any byte", async () => {
    const whole = await read(bytes, 0);
    for (let cut = 1; cut < bytes.length; cut += 1) expect(await read(bytes, cut), `cut at ${cut}`).toEqual(whole);
  });

  it("is the same turn when each event comes twice", async () => {
    const events = await read(bytes, 0);
    const durable = events.filter((event) => "id" in event);
    expect(fold(durable.flatMap((event) => [event, event]))).toEqual(fold(durable));
  });
});
