/**
 * The outbox, explored: every state that two tabs and two messages can come to, with a sending that ends in every way
 * at every point. In each of them every message that the learner means is on the server or is kept as one that somebody
 * will send or that is shown with its reason, and none is on the server twice.
 */

import { afterEach, beforeEach, expect, it, vi } from "vitest";

import type { OutboxEntry } from "../src/index.js";
import { ENDINGS, type Move, OutboxWorld, type TabName } from "./support/outbox-world.js";

const MOST_MESSAGES = 2;
/** Of sendings that end badly, and of what disturbs them: crashes, take-overs, stops, changes. */
const MOST_FAILURES = 2;
const MOST_DISTURBANCES = 2;
const TABS: readonly TabName[] = ["A", "B"];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("BroadcastChannel", undefined);
});

afterEach(() => {
  vi.useRealTimers();
});

async function play(script: readonly Move[]): Promise<OutboxWorld> {
  const world = new OutboxWorld();
  for (const move of script) await world.make(move);
  return world;
}

/** The moves that make sense in a world; those that could go on for ever have a budget. */
function movesIn({ tabs, entries, counts }: OutboxWorld): Move[] {
  const moves: Move[] = [];
  const mayDisturb = counts.disturbances < MOST_DISTURBANCES;
  if (counts.messages < MOST_MESSAGES) moves.push({ move: "write", tab: "A" });
  for (const tab of TABS) {
    const { sending } = tabs[tab];
    if (sending === null && entries.length > 0) moves.push({ move: "send", tab });
    if (sending === null) continue;
    const endings = counts.failures < MOST_FAILURES ? ENDINGS : (["accepted"] as const);
    for (const ending of endings) moves.push({ move: "end", tab, ending });
    if (mayDisturb) moves.push({ move: "crash", tab }, { move: "take over", tab }, { move: "accepted, not noted", tab });
  }
  entries.forEach(({ state }, at) => {
    if (mayDisturb) moves.push({ move: "discard", at });
    if (mayDisturb && state !== "sending") moves.push({ move: "edit", at });
    if (state === "failed") moves.push({ move: "retry", at });
  });
  if (mayDisturb && entries.length > 0) moves.push({ move: "stop" });
  if (entries.some(({ state }) => state === "paused")) moves.push({ move: "let go" });
  return moves;
}

/** Two worlds with the same one go on alike. Keys are told by their order. */
function nameOf(world: OutboxWorld): string {
  const { entries, stored, tabs, intents, counts } = world;
  const keys = new Map<string, number>();
  const key = (id: string) => keys.get(id) ?? (keys.set(id, keys.size), keys.size - 1);
  const told = ({ clientMessageId, conversation, sessionId, text, state, attempted, error, heldBy }: OutboxEntry) =>
    [key(clientMessageId), conversation, sessionId, text, state, attempted, error?.code, heldBy].join();
  return JSON.stringify([
    entries.map(told),
    [...stored].map(([id, text]) => [key(id), text]),
    // Which of the two it is makes no difference.
    TABS.map((tab) => (tabs[tab].sending ? told(tabs[tab].sending.entry) : "")).sort(),
    intents,
    counts,
  ]);
}

function expectNothingLost({ entries, intents, stored }: OutboxWorld): void {
  const onServer = [...stored.values()].map(plain);
  for (const { text, discarded, atMost } of intents) {
    const times = onServer.filter((each) => each === plain(text)).length;
    expect(times).toBeLessThanOrEqual(atMost);
    const isKept = entries.some((entry) => plain(entry.text) === plain(text));
    expect(discarded || times > 0 || isKept).toBe(true);
  }
  for (const { state, heldBy, error } of entries) {
    expect(state === "paused" ? heldBy : "none").not.toBeNull();
    expect(state === "failed" ? error : "none").not.toBeNull();
  }
}

const plain = (text: string) => text.replaceAll("'", "");

/** From here a new tab and an honest server bring everything to its end. */
async function expectEnd(script: readonly Move[]): Promise<void> {
  const world = await play(script);
  await world.drain();
  expect(world.entries.filter(({ state }) => state === "waiting" || state === "sending")).toEqual([]);
  for (const { conversation } of world.entries) await world.tabs.A.outbox.resume(conversation);
  await world.drain();
  expect(world.entries).toEqual([]);
  expectNothingLost(world);
  for (const { text, discarded } of world.intents) if (!discarded) expect([...world.stored.values()]).toContain(text);
}

it("no message is lost or doubled in any state that two tabs and every fault can bring about", { timeout: 600_000 }, async () => {
  const seen = new Set<string>();
  let front: readonly Reached[] = [{ script: [], moves: [{ move: "write", tab: "A" }] }];
  while (front.length > 0) {
    const next: Reached[] = [];
    for (const { script, moves } of front) {
      for (const move of moves) {
        const longer = [...script, move];
        const world = await play(longer);
        const name = nameOf(world);
        if (seen.has(name)) continue;
        seen.add(name);
        await expectGood(longer, world);
        next.push({ script: longer, moves: movesIn(world) });
      }
    }
    front = next;
  }
  expect(seen.size).toBeGreaterThan(10_000);
});

interface Reached {
  script: readonly Move[];
  moves: readonly Move[];
}

async function expectGood(script: readonly Move[], world: OutboxWorld): Promise<void> {
  const told = JSON.stringify(world.entries);
  try {
    expectNothingLost(world);
    await expectEnd(script);
  } catch (cause) {
    throw new Error(`after ${JSON.stringify(script)}: ${told}`, { cause });
  }
}
