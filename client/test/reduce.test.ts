import { describe, expect, it } from "vitest";

import { initialTurn, reduce } from "../src/index.js";
import type { DurableEvent, TurnEvent, TurnState } from "../src/index.js";

const fold = (...events: TurnEvent[]): TurnState => events.reduce(reduce, initialTurn);

const attempt = (id: number, mode: "continue" | "restart"): DurableEvent => ({
  type: "attempt-start",
  id,
  data: { attempt: 2, mode, provider: "second", model: "m", reason: "provider-disconnected" },
});
const delta = (id: number, text: string): DurableEvent => ({ type: "text-delta", id, data: { text } });
const thought = (id: number, text: string): DurableEvent => ({ type: "reasoning-delta", id, data: { text } });

describe("a turn", () => {
  it("never changes a state that was given out", () => {
    const before = Object.freeze(fold(delta(1, "a")));
    expect(reduce(before, delta(2, "b")).text).toBe("ab");
    expect(before.text).toBe("a");
  });

  it("is the same object after an event that it has already", () => {
    const state = fold(delta(1, "a"), delta(2, "b"));
    expect(reduce(state, delta(2, "b"))).toBe(state);
    expect(reduce(state, delta(1, "a"))).toBe(state);
  });

  it("says to its end that it was restarted", () => {
    const anew = [delta(1, "void"), attempt(2, "restart"), delta(3, "good")];
    expect(fold(...anew).notice).toBe("restarted");
    expect(fold(delta(1, "kept"), attempt(2, "continue"), delta(3, "good")).notice).toBeNull();
  });

  it("loses its text when an attempt restarts it", () => {
    const state = fold(delta(1, "void"), thought(2, "void"), attempt(3, "restart"), delta(4, "good"));
    expect(state).toMatchObject({ text: "good", reasoning: "", attempts: 2, provider: "second" });
  });

  it("keeps its text when an attempt continues it", () => {
    expect(fold(delta(1, "Be"), attempt(2, "continue"), delta(3, "cause")).text).toBe("Because");
  });

  it("keeps reasoning apart from text", () => {
    expect(fold(thought(1, "Hm."), delta(2, "Yes."))).toMatchObject({ text: "Yes.", reasoning: "Hm." });
  });

  it("shows the session's focus", () => {
    const data = {
      version: 2,
      topic: "light",
      objective: "explain",
      strategy: "ask",
      steps: [{ title: "one", done: false }],
      misconceptions: [],
      difficulty: "easy",
      priorKnowledge: "",
      language: "en",
      checkQuestion: "Why?",
      source: "planned",
    } as const;
    const focus = { ...data, steps: [...data.steps], misconceptions: [] };
    expect(fold({ type: "session-focus", id: 1, data: focus }).focus).toEqual(focus);
  });

  it("forgets what is the matter when text comes again", () => {
    const retrying = { type: "retrying", data: { attempt: 2, inMs: 10, reason: "x" } } as const;
    expect(fold(retrying)).toMatchObject({ notice: "retrying", retryInMs: 10 });
    expect(fold(retrying, delta(1, "a")).retryInMs).toBeNull();
    expect(fold(retrying, delta(1, "a")).notice).toBeNull();
  });

  it("takes a rewind only when it is ahead of it", () => {
    const state = fold(delta(1, "a"), delta(2, "b"));
    expect(reduce(state, { type: "rewind", data: { lastEventId: 2 } })).toBe(state);
    expect(reduce(state, { type: "rewind", data: { lastEventId: 0 } })).toMatchObject({ text: "", lastEventId: 0 });
  });
});

it("tells which place a turn waits in, until it goes on or something else is the matter", () => {
  const waiting: TurnEvent = { type: "waiting", data: { position: 3 } };
  const waits = reduce({ ...initialTurn, status: "streaming" }, waiting);
  expect(waits).toMatchObject({ notice: "waiting", waitingPosition: 3 });
  expect(reduce(waits, { type: "text-delta", id: 2, data: { text: "a" } })).toMatchObject({ notice: null, waitingPosition: null });
  expect(reduce(waits, { type: "storage-degraded", data: {} })).toMatchObject({ notice: "storage-degraded", waitingPosition: null });
  expect(reduce({ ...waits, status: "complete", notice: null, waitingPosition: null }, waiting).notice).toBeNull();
});
