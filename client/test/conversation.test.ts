import { describe, expect, it } from "vitest";

import type { FeedEvent, Message, TurnEvent } from "../src/index.js";
import {
  type Conversation,
  emptyConversation,
  foldFeed,
  foldOlderPage,
  foldPage,
  foldTurn,
  runningTurn,
} from "../src/chat/conversation.js";
import type { Frame } from "../src/stream/sse.js";
import { decodeFeedEvent } from "../src/wire/decode.js";
import { IDS } from "./support/frames.js";
import { message, page } from "./support/messages.js";

const TURN = IDS.turnId;
const contents = ({ messages }: Conversation) => messages.map(({ content }) => content);

function running(text: string, lastEventId: number): Conversation {
  const messages = [message("m1", "user", "Hi"), message("m2", "assistant", text, "m1", "streaming")];
  return foldPage(emptyConversation, page(messages, { turnId: TURN, messageId: "m2", status: "streaming", lastEventId }));
}

const delta = (id: number, text: string): TurnEvent => ({ type: "text-delta", id, data: { text } });
const ended = (id: number): TurnEvent => ({
  type: "turn-end",
  id,
  data: {
    status: "complete",
    finishReason: "stop",
    usage: { inputTokens: 1, outputTokens: 1, source: "reported" },
    messageId: "m2",
    textLength: 5,
    cached: false,
  },
});
const inFeed = (event: TurnEvent): FeedEvent => ({ ...event, turnId: TURN, place: "1.t.1" }) as FeedEvent;
const row = (changed: Message): FeedEvent => ({
  type: "message-updated",
  place: "9",
  data: { message: changed, revision: 9 },
});

describe("a page and the events after it", () => {
  it("join without a gap or a repeat", () => {
    const joined = [delta(2, "xx"), delta(3, "l"), delta(4, "lo"), ended(5)].reduce(
      (conversation, event) => foldTurn(conversation, TURN, event),
      running("He", 2),
    );
    expect(contents(joined)).toEqual(["Hi", "Hello"]);
    expect(joined.messages[1]?.status).toBe("complete");
  });

  it("join also when the page is older than what is known", () => {
    const known = foldTurn(running("He", 2), TURN, delta(3, "l"));
    const activeTurn = { turnId: TURN, messageId: "m2", status: "streaming", lastEventId: 2 };
    const messages = [message("m1", "user", "Hi"), message("m2", "assistant", "He", "m1", "streaming")];
    const again = foldPage(known, page(messages, activeTurn));
    expect(contents(foldTurn(again, TURN, delta(4, "lo")))).toEqual(["Hi", "Hello"]);
  });

  it("keep what is shown while a log is told from its start, and show what is new", () => {
    let conversation = running("Hel", 9);
    conversation = { ...conversation, turns: {} };
    for (const event of [delta(2, "H"), delta(3, "e")]) {
      conversation = foldTurn(conversation, TURN, event);
      expect(contents(conversation)[1]).toBe("Hel");
    }
    expect(contents(foldTurn(conversation, TURN, delta(4, "llo")))[1]).toBe("Hello");
  });

  it("lose at once what a rewind voids", () => {
    const rewound = foldTurn(running("lost", 5), TURN, { type: "rewind", data: { lastEventId: 0 } });
    expect(contents(rewound)[1]).toBe("");
  });
});

describe("pages", () => {
  it("of older messages come before the others, and repeat none", () => {
    const newest = foldPage(emptyConversation, page([message("m2", "user", "b"), message("m3", "user", "c")]));
    const whole = foldOlderPage(newest, page([message("m1", "user", "a"), message("m2", "user", "b")]));
    expect(contents(whole)).toEqual(["a", "b", "c"]);
    const again = foldPage(whole, page([message("m2", "user", "b"), message("m3", "user", "c!")]));
    expect(contents(again)).toEqual(["a", "b", "c!"]);
  });

  it("that do not touch what is known replace it", () => {
    const before = foldPage(emptyConversation, page([message("m1", "user", "a")]));
    expect(contents(foldPage(before, page([message("m9", "user", "z")])))).toEqual(["z"]);
  });

  it("do not take away a reply that is newer than they are", () => {
    const start = { turnId: TURN, sessionId: "s", userMessageId: "m1", messageId: "m2", provider: "p", model: "m", createdAt: "" };
    const begun = foldTurn(emptyConversation, TURN, { type: "turn-start", id: 1, data: start });
    expect(foldPage(begun, page([])).messages.map(({ id }) => id)).toEqual(["m2"]);
  });
});

describe("the feed", () => {
  it("shows a reply that is written on another device", () => {
    const events = [inFeed(delta(3, "l")), inFeed(delta(3, "l")), inFeed(delta(4, "lo")), inFeed(ended(5))];
    const conversation = events.reduce((each, event) => foldFeed(each, event), running("He", 2));
    expect(conversation.messages[1]).toMatchObject({ content: "Hello", status: "complete" });
    expect(conversation.place).toBe("1.t.1");
  });

  it("tells what a turn waits for, and of which turn it is", () => {
    const frame = (type: string, data: object) => decodeFeedEvent({ type, id: null, data: JSON.stringify(data) } as Frame);
    const retrying = frame("retrying", { turnId: TURN, attempt: 2, inMs: 900, reason: "provider-overloaded" });
    const degraded = frame("storage-degraded", { turnId: TURN });
    const waiting = foldFeed(running("He", 2), retrying as FeedEvent);
    expect(waiting.turns[TURN]).toMatchObject({ notice: "retrying", retryInMs: 900 });
    expect(foldFeed(waiting, degraded as FeedEvent).turns[TURN]).toMatchObject({ notice: "storage-degraded" });
    expect(foldFeed(running("He", 2), retrying as FeedEvent, TURN).turns[TURN]?.notice).toBeNull();
  });

  it("leaves a turn alone that has a stream of its own", () => {
    const before = running("He", 2);
    const after = foldFeed(before, inFeed(delta(4, "lo")), TURN);
    expect(contents(after)).toEqual(contents(before));
    const complete = { ...message("m2", "assistant", "Hello", "m1"), turnId: TURN };
    const told = foldFeed(before, row(complete), TURN);
    expect(told.turns[TURN]?.status).toBe("streaming");
    const end = [delta(3, "llo"), ended(4)].reduce((each, event) => foldTurn(each, TURN, event), told);
    expect(end.messages[1]).toMatchObject({ content: "Hello", status: "complete" });
  });

  it("tells what is the matter with a reply that is written on another device, until it goes on", () => {
    const waits = foldFeed(running("He", 2), inFeed({ type: "retrying", data: { attempt: 2, inMs: 3000, reason: "overloaded" } }));
    expect(runningTurn(waits)).toMatchObject({ notice: "retrying", retryInMs: 3000 });
    const own = foldFeed(running("He", 2), inFeed({ type: "storage-degraded", data: {} }), TURN);
    expect(runningTurn(own)?.notice).toBeNull();
    for (const slow of [inFeed({ type: "storage-degraded", data: {} }), { type: "storage-degraded", data: {}, place: null } as const]) {
      expect(runningTurn(foldFeed(waits, slow))?.notice).toBe("storage-degraded");
    }
    expect(runningTurn(foldFeed(waits, inFeed(delta(3, "l"))))?.notice).toBeNull();
    expect(foldFeed(emptyConversation, inFeed({ type: "storage-degraded", data: {} })).turns).toEqual({});
  });

  it("ends a turn by its message when its events were missed", () => {
    const complete = { ...message("m2", "assistant", "Hello", "m1"), turnId: TURN };
    const conversation = foldFeed(running("He", 2), row(complete));
    expect(conversation.turns[TURN]).toMatchObject({ status: "complete", text: "Hello" });
    expect(conversation.messages[1]).toMatchObject({ content: "Hello", status: "complete" });
  });

  it("shows what a snapshot has of a reply, also when that is less than was seen", () => {
    const messages = [message("m1", "user", "Hi"), message("m2", "assistant", "He", "m1", "streaming")];
    const activeTurn = { turnId: TURN, messageId: "m2", status: "streaming", lastEventId: 2 } as const;
    const session = { id: "s", title: "T", subject: null, learnerProfile: null, revision: 1, createdAt: "", updatedAt: "" };
    const data = { session, messages, activeTurn, revision: 1 };
    const told = foldFeed(running("Hello that was lost", 7), { type: "session-snapshot", place: "1", data });
    expect(contents(told)).toEqual(["Hi", "He"]);
    expect(contents(foldFeed(told, inFeed(delta(1_000_003, "y"))))).toEqual(["Hi", "Hey"]);
  });

  it("forgets a reply that a snapshot no longer has", () => {
    const session = { id: "s", title: "T", subject: null, learnerProfile: null, revision: 1, createdAt: "", updatedAt: "" };
    const data = { session, messages: [message("m1", "user", "Hi")], activeTurn: null, revision: 1 };
    const told = foldFeed(running("lost", 7), { type: "session-snapshot", place: "1", data });
    expect(contents(told)).toEqual(["Hi"]);
    expect(runningTurn(told)).toBeNull();
  });

  it("leaves out a change of a message that is older than what is shown", () => {
    const before = running("He", 2);
    expect(contents(foldFeed(before, row(message("m0", "user", "Old"))))).toEqual(contents(before));
  });

  it("takes new titles and the session's end", () => {
    const session = { id: "s", title: "New", subject: null, learnerProfile: null, revision: 3, createdAt: "", updatedAt: "" };
    const named = foldFeed(emptyConversation, { type: "session-updated", place: "3", data: { session, revision: 3 } });
    expect(named.session?.title).toBe("New");
    expect(foldFeed(named, { type: "session-deleted", place: null, data: {} })).toMatchObject({ deleted: true });
  });

  it("places the events of a turn that has waited, whose start was missed", () => {
    const waiting = { ...message("m2", "assistant", "", "m1", "streaming"), turnId: "other" };
    const conversation = foldPage(emptyConversation, page([message("m1", "user", "Hi"), waiting]));
    const event = { type: "text-delta", id: 2, turnId: "other", place: "1", data: { text: "Hello" } } as const;
    expect(contents(foldFeed(conversation, event))).toEqual(["Hi", "Hello"]);
  });
});
