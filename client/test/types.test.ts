/** What the compiler must know. `tsc` is what makes these tests fail. */

import { expectTypeOf, it } from "vitest";

import { Chat, type ChatSnapshot, Outbox, Problem, TutorClient, initialTurn, reduce } from "../src/index.js";
import type {
  ChatMessage,
  DurableType,
  ErrorData,
  FeedEvent,
  Message,
  Session,
  SessionFocus,
  TurnEnd,
  TurnEvent,
  TurnStart,
  TurnState,
} from "../src/index.js";

it("the name of an event tells its data", () => {
  const look = (event: TurnEvent) => {
    switch (event.type) {
      case "turn-start":
        return expectTypeOf(event.data).toEqualTypeOf<TurnStart>();
      case "session-focus":
        return expectTypeOf(event.data).toEqualTypeOf<SessionFocus>();
      case "text-delta":
      case "reasoning-delta":
        return expectTypeOf(event.data.text).toBeString();
      case "attempt-start":
        return expectTypeOf(event.data.mode).toEqualTypeOf<"continue" | "restart">();
      case "error":
        return expectTypeOf(event.data).toEqualTypeOf<ErrorData>();
      case "turn-end":
        return expectTypeOf(event.data).toEqualTypeOf<TurnEnd>();
      case "rewind":
        return expectTypeOf(event.data.lastEventId).toBeNumber();
      case "reconnect":
        return expectTypeOf(event.data.afterMs).toBeNumber();
      case "retrying":
        return expectTypeOf(event.data.inMs).toBeNumber();
      case "waiting":
        return expectTypeOf(event.data.position).toBeNumber();
      case "storage-degraded":
      case "auth-expired":
        return expectTypeOf(event).not.toHaveProperty("id");
      default:
        return expectTypeOf(event).toBeNever();
    }
  };
  expectTypeOf(look).toBeFunction();
});

it("an event with a number is a durable one", () => {
  const look = (event: TurnEvent) => {
    if ("id" in event) expectTypeOf(event.type).toEqualTypeOf<DurableType>();
  };
  expectTypeOf(look).toBeFunction();
});

it("the feed tells whose turn an event is of", () => {
  const look = (event: FeedEvent) => {
    if (event.type === "text-delta") expectTypeOf(event.turnId).toBeString();
    if (event.type === "message-created") expectTypeOf(event.data.message).toEqualTypeOf<Message>();
    if (event.type === "session-updated") expectTypeOf(event.data.session).toEqualTypeOf<Session>();
    expectTypeOf(event.place).toEqualTypeOf<string | null>();
  };
  expectTypeOf(look).toBeFunction();
});

it("states and snapshots cannot be changed", () => {
  expectTypeOf(reduce).parameters.toEqualTypeOf<[TurnState, TurnEvent]>();
  expectTypeOf<ChatSnapshot["messages"]>().toEqualTypeOf<readonly ChatMessage[]>();
  const change = (snapshot: ChatSnapshot, state: TurnState) => {
    // @ts-expect-error read only
    snapshot.status = "ready";
    // @ts-expect-error read only
    state.text = "";
    // @ts-expect-error read only
    snapshot.messages.push();
  };
  expectTypeOf(change).toBeFunction();
  expectTypeOf(initialTurn).toEqualTypeOf<TurnState>();
});

it("a chat says what it resolves with", () => {
  expectTypeOf<Chat["send"]>().returns.resolves.toEqualTypeOf<ChatMessage | null>();
  expectTypeOf<Chat["getSnapshot"]>().returns.toEqualTypeOf<ChatSnapshot>();
  expectTypeOf<ChatSnapshot["status"]>().toEqualTypeOf<"ready" | "submitted" | "streaming" | "error">();
});

it("a client takes a token as text or as a function, and refuses what it does not know", () => {
  expectTypeOf(TutorClient).toBeConstructibleWith({ token: "t" });
  expectTypeOf(TutorClient).toBeConstructibleWith({ token: async ({ refused }) => refused ?? "t" });
  // @ts-expect-error there is no such option
  expectTypeOf(TutorClient).toBeConstructibleWith({ tokn: "t" });
  expectTypeOf(TutorClient).toBeConstructibleWith({ token: async () => undefined });
  expectTypeOf<Problem["code"]>().toBeString();
  expectTypeOf<Problem["retryAfterMs"]>().toEqualTypeOf<number | null>();
});

it("what may be left out may be undefined, also where the compiler tells the two apart", () => {
  const call = (client: TutorClient, maybe: { text: string | undefined; count: number | undefined; signal: AbortSignal | undefined }) => {
    const { text, count, signal } = maybe;
    void new TutorClient({ baseUrl: text, token: text, user: text, fetch: undefined, headers: undefined, credentials: undefined });
    void client.createSession({ title: text, subject: text, learnerProfile: undefined }, { signal });
    void client.listSessions({ cursor: text, limit: count }, { signal });
    void client.addMessage("s", { role: "user", content: "", clientMessageId: text }, { signal });
    void client.streamChat({ message: "", sessionId: text, userId: text, subject: text, clientMessageId: text, onBusy: undefined });
    void client.streamChat({ message: "" }, { signal, idempotencyKey: text, onAccepted: undefined, onConnection: undefined });
    void client.followTurn("t", { signal, lastEventId: count, attempts: count, openAttempts: count });
    void client.followSession("s", { signal, place: text });
    client.setCredentials({ token: text, user: text });
    void new Chat({ client, sessionId: text, userId: text, throttle: count, initialMessages: undefined, smoothing: undefined });
    void new Outbox({ name: text, storage: undefined });
  };
  expectTypeOf(call).toBeFunction();
});
