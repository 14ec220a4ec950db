import { describe, expect, it, vi } from "vitest";

import { CHAT, EVENTS, passing, stubEvents, whole } from "./support/bench.js";
import { chatBench, outline, until } from "./support/chat.js";
import { IDS, NAMED, end, frame, start, text } from "./support/frames.js";
import { message, page } from "./support/messages.js";
import { FakeStream, json, problem, unreachable } from "./support/server.js";

const world = chatBench();
const SESSION = IDS.sessionId;
const PAGE = `GET /sessions/${SESSION}/messages?limit=50`;
const STOP = `POST /turns/${IDS.turnId}/stop`;
const stopped = { ...IDS, status: "stopped", text: "Hel", finishReason: null, usage: null, lastEventId: 3 };

describe("a message", () => {
  it("goes through submitted and streaming to ready, and has its reply", async () => {
    const stream = new FakeStream();
    world.server.next(CHAT, stream.response(NAMED));
    const chat = world.chat();
    const seen: string[] = [];
    chat.subscribe(() => {
      const { status, messages } = chat.getSnapshot();
      const entry = `${status} ${messages.map(({ role, delivery }) => `${role} ${delivery}`).join(", ")}`;
      if (seen.at(-1) !== entry) seen.push(entry);
    });
    const sending = chat.send("Hi");
    await until(chat, ({ status }) => status === "streaming");
    stream.send(start(), text(2, "Hel"), text(3, "lo"), end(4)).end();
    const reply = await passing(sending);
    expect(reply).toMatchObject({ role: "assistant", content: "Hello", status: "complete" });
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi", "assistant: Hello"]);
    expect(seen.filter((entry) => !entry.startsWith("ready"))).toEqual([
      "submitted user sending",
      "streaming user sending",
      "streaming user sent",
      "streaming user sent, assistant sent",
    ]);
    expect(chat.getSnapshot().status).toBe("ready");
    expect(world.outbox.entries).toEqual([]);
  });

  it("keeps its key from before the server knew it", async () => {
    const stream = new FakeStream();
    world.server.next(CHAT, stream.response(NAMED));
    const chat = world.chat();
    const sending = chat.send("Hi");
    await until(chat, ({ messages }) => messages.length === 1);
    const { key } = chat.getSnapshot().messages[0] ?? {};
    stream.send(start(), end(2)).end();
    await passing(sending);
    expect(chat.getSnapshot().messages[0]).toMatchObject({ id: IDS.userMessageId, key });
  });

  it("begins a session, and the next one goes there", async () => {
    world.server.next(CHAT, whole(start(), end(2)), whole(start({ turnId: "turn-2" }), end(2)));
    const onSession = vi.fn();
    const chat = world.chat({ onSession, subject: "physics" });
    await passing(chat.send("Hi"));
    await passing(chat.send("And?"));
    expect(onSession).toHaveBeenCalledExactlyOnceWith(SESSION);
    const bodies = world.server.to(CHAT).map(({ body }) => body);
    expect(bodies[0]).toMatchObject({ message: "Hi", subject: "physics" });
    expect(bodies[0]).not.toHaveProperty("sessionId");
    expect(bodies[1]).toMatchObject({ message: "And?", sessionId: SESSION });
  });

  it("is not sent when it is only white space", async () => {
    for (const text of ["", " \n"]) {
      expect(await world.chat().send(text)).toBeNull();
      expect(await world.chat().submit(text)).toEqual({ outcome: "empty" });
    }
    expect(world.server.requests).toEqual([]);
  });

  it("tells while it grows and when it ends", async () => {
    world.server.next(CHAT, whole(start(), text(2, "Hel"), text(3, "lo"), end(4)));
    const [onMessage, onComplete, onError] = [vi.fn(), vi.fn(), vi.fn()];
    await passing(world.chat({ onMessage, onComplete, onError }).send("Hi"));
    const grown = onMessage.mock.calls.map(([{ content }]) => content as string);
    expect(grown.filter((content, at) => content !== grown[at - 1])).toEqual(["Hel", "Hello"]);
    expect(onMessage).toHaveBeenLastCalledWith(expect.objectContaining({ content: "Hello", status: "complete" }));
    expect(onComplete).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ content: "Hello" }));
    expect(onError).not.toHaveBeenCalled();
  });
});

describe("a snapshot", () => {
  it("is the same object until something changes", async () => {
    world.server.next(CHAT, whole(start(), text(2, "Hello"), end(3)));
    const chat = world.chat();
    await passing(chat.send("Hi"));
    expect(chat.getSnapshot()).toBe(chat.getSnapshot());
  });

  it("keeps the objects of messages that have not changed", async () => {
    world.server.next(PAGE, json(page([message("m1", "user", "Hi"), message("m2", "assistant", "Hello", "m1")])));
    const ids = { userMessageId: "m3", messageId: "m4" };
    world.server.next(CHAT, whole(start(ids), text(2, "Bye"), end(3, "complete", "m4")));
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ loaded }) => loaded);
    const before = chat.getSnapshot().messages;
    await passing(chat.send("Bye"));
    const after = chat.getSnapshot().messages;
    expect(after).toHaveLength(4);
    expect(after.slice(0, 2).every((each, at) => each === before[at])).toBe(true);
  });
});

describe("a reply that does not come to its end", () => {
  it("is stopped, keeps its text, and can be continued", async () => {
    const stream = new FakeStream(start(), text(2, "Hel"));
    world.server.next(CHAT, stream.response(NAMED));
    world.server.next(STOP, () => {
      stream.send(end(3, "stopped")).end();
      return json(stopped);
    });
    const chat = world.chat();
    const sending = chat.send("Hi");
    await until(chat, ({ streamingMessage }) => streamingMessage?.content === "Hel");
    await chat.stop();
    expect(await passing(sending)).toMatchObject({ content: "Hel", status: "stopped" });

    const attempt = { attempt: 2, mode: "continue", provider: "p", model: "m", reason: "requested" };
    const frames = [start({ turnId: "turn-2" }), text(2, "Hel"), frame(3, "attempt-start", attempt), text(4, "lo"), end(5)];
    world.server.next(
      `POST /turns/${IDS.turnId}/continue`,
      new FakeStream(...frames).end().response({ ...NAMED, "X-Turn-Id": "turn-2" }),
    );
    const contents: string[] = [];
    chat.subscribe(() => contents.push(chat.getSnapshot().messages.at(-1)?.content ?? ""));
    await passing(chat.continue());
    expect(chat.getSnapshot().messages.at(-1)).toMatchObject({ content: "Hello", status: "complete" });
    // What is there is not taken away while the log is told from its start.
    expect(contents.every((content) => content.startsWith("Hel"))).toBe(true);
  });

  it("is stopped as soon as the server names it, when it was stopped before that", async () => {
    const stream = new FakeStream();
    let answer: (response: Response) => void = () => {};
    world.server.next(CHAT, () => new Promise<Response>((resolve) => (answer = resolve)));
    world.server.next(STOP, () => {
      stream.send(start(), end(2, "stopped")).end();
      return json({ ...stopped, text: "" });
    });
    const chat = world.chat();
    const sending = chat.send("Hi");
    await until(chat, ({ status }) => status === "submitted");
    await world.server.asked(CHAT);
    await chat.stop();
    answer(stream.response(NAMED));
    expect(await passing(sending)).toMatchObject({ status: "stopped" });
  });

  it("is told as an error when it has failed, and is tried again", async () => {
    const failure = { code: "provider-timed-out", title: "Too slow", detail: "Try again.", retryable: true };
    world.server.next(CHAT, whole(start(), frame(2, "error", failure), end(3, "failed")));
    const onError = vi.fn();
    const chat = world.chat({ onError });
    expect(await passing(chat.send("Hi"))).toMatchObject({ status: "failed", error: failure });
    expect(chat.getSnapshot()).toMatchObject({ status: "error", error: failure });
    expect(onError).toHaveBeenCalledExactlyOnceWith(failure);

    const again = new FakeStream(start({ turnId: "turn-2" }), text(2, "Hello"), end(3)).end();
    world.server.next(`POST /turns/${IDS.turnId}/continue`, again.response({ ...NAMED, "X-Turn-Id": "turn-2" }));
    await passing(chat.retry());
    expect(chat.getSnapshot()).toMatchObject({ status: "ready", error: null });
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi", "assistant: Hello"]);
  });

  it("is followed further when its connection was lost for long", async () => {
    const listeners = stubEvents();
    world.server.next(CHAT, whole(start(), text(2, "Hel")));
    world.server.always(EVENTS, unreachable);
    const chat = world.chat();
    await passing(chat.send("Hi"));
    expect(chat.getSnapshot().error).toMatchObject({ code: "network", retryable: true });
    world.server.next(EVENTS, whole(text(3, "lo"), end(4)));
    world.server.next(PAGE, json(page([])));
    listeners.dispatchEvent(new Event("online"));
    await until(chat, ({ status }) => status === "ready");
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi", "assistant: Hello"]);
  });
});

describe("a session that is opened", () => {
  it("joins the reply that is being written, exactly where its text ends", async () => {
    const messages = [message("m1", "user", "Hi"), message("m2", "assistant", "Hel", "m1", "streaming")];
    const activeTurn = { turnId: IDS.turnId, messageId: "m2", status: "streaming", lastEventId: 2 };
    world.server.next(PAGE, json(page(messages, activeTurn)));
    world.server.next(EVENTS, whole(text(3, "lo"), end(4, "complete", "m2")));
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ loaded, status }) => loaded && status === "ready");
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi", "assistant: Hello"]);
    expect(world.server.to(EVENTS)[0]?.headers.get("Last-Event-ID")).toBe("2");
  });

  it("says when it cannot be loaded, and goes on trying", async () => {
    world.server.next(PAGE, () => problem(503, "storage-unavailable"), json(page([message("m1", "user", "Hi")])));
    const onError = vi.fn();
    const chat = world.chat({ sessionId: SESSION, onError });
    chat.open();
    await until(chat, ({ status }) => status === "error");
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "storage-unavailable" }));
    await until(chat, ({ loaded, error }) => loaded && error === null);
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi"]);
  });

  it("says when it may not be loaded, and tries again when it is told to", async () => {
    world.server.next(PAGE, () => problem(403, "forbidden"), json(page([message("m1", "user", "Hi")])));
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ status }) => status === "error");
    expect(chat.getSnapshot()).toMatchObject({ loaded: false, error: { code: "forbidden" } });
    expect(vi.getTimerCount()).toBe(0);
    await passing(chat.retry());
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi"]);
  });

  it("has older messages when they are asked for", async () => {
    world.server.next(PAGE, json({ ...page([message("m3", "user", "New")]), nextCursor: "c" }));
    const older = json(page([message("m1", "user", "Old")]));
    world.server.next(`GET /sessions/${SESSION}/messages?cursor=c&limit=50`, older);
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ hasOlder }) => hasOlder);
    await passing(chat.loadOlder());
    expect(outline(chat.getSnapshot())).toEqual(["user: Old", "user: New"]);
    expect(chat.getSnapshot().hasOlder).toBe(false);
  });

  it("asks for its plan in a way that is no failure when there is none", async () => {
    world.server.next(PAGE, json(page([])));
    world.server.next(`GET /sessions/${SESSION}/focus/history?limit=1`, json({ focus: [{ topic: "Light" }], nextCursor: null }));
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ focus }) => focus?.topic === "Light");
    expect(world.server.to(`GET /sessions/${SESSION}/focus`)).toEqual([]);
  });

  it("may be closed and opened again", async () => {
    world.server.next(PAGE, json(page([])), json(page([message("m1", "user", "Hi")])));
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ loaded }) => loaded);
    chat.close();
    chat.open();
    await until(chat, ({ messages }) => messages.length === 1);
  });

  it("shows the newest of several replies, and another one when that is chosen", async () => {
    const replies = [message("m2", "assistant", "One", "m1"), message("m3", "assistant", "Two", "m1")];
    world.server.next(PAGE, json(page([message("m1", "user", "Hi"), ...replies])));
    const chat = world.chat({ sessionId: SESSION });
    chat.open();
    await until(chat, ({ loaded }) => loaded);
    expect(chat.getSnapshot().messages[1]).toMatchObject({ content: "Two", alternatives: ["m2", "m3"] });
    chat.choose("m2");
    expect(outline(chat.getSnapshot())).toEqual(["user: Hi", "assistant: One"]);

    const ids = { userMessageId: "m1", messageId: "m4" };
    world.server.next(`POST /sessions/${SESSION}/messages/m2/regenerate`, whole(start(ids), text(2, "Three"), end(3, "complete", "m4")));
    await passing(chat.regenerate());
    expect(chat.getSnapshot().messages[1]).toMatchObject({ content: "Three", alternatives: ["m2", "m3", "m4"] });
  });
});
