/** The hook, as a component sees it. */

import { act, fireEvent, render, renderHook, screen, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { expect, expectTypeOf, test, vi } from "vitest";

import type { ChatError, ChatMessage, ChatStatus, SendResult, UnsentMessage, SessionFocus } from "../../src/index.js";
import { useHttpTutorStream } from "../../src/react/index.js";
import type { HttpTutorStream } from "../../src/react/index.js";
import { end, start, text } from "../support/frames.js";
import { FakeStream, json, problem } from "../support/server.js";
import { CHAT, CONTINUE, STOP, begun, named, row, stage } from "./stage.js";

test("a sent message is answered, and callbacks follow the reply", async () => {
  const { server, options } = stage();
  const stream = begun("Because ");
  server.next(CHAT, () => named(stream));
  const told: string[] = [];
  const onMessage = (message: ChatMessage) => told.push(message.content);
  const onComplete = (message: ChatMessage) => told.push(`done: ${message.content}`);
  const { result } = renderHook(() => useHttpTutorStream({ ...options, onMessage, onComplete }));
  await waitFor(() => expect(result.current.loaded).toBe(true));
  expect(result.current).toMatchObject({ status: "ready", isStreaming: false, streamingMessage: null });

  let reply: ChatMessage | null | undefined;
  act(() => void result.current.sendMessage("Why?").then((message) => (reply = message)));
  await waitFor(() => expect(result.current.streamingMessage?.content).toBe("Because "));
  expect(result.current).toMatchObject({ status: "streaming", isStreaming: true });
  stream.send(text(3, "of the air."), end(4)).end();
  await waitFor(() => expect(reply?.content).toBe("Because of the air."));
  await waitFor(() => expect(result.current.status).toBe("ready"));
  expect(result.current.messages.map(({ role, content }) => [role, content])).toEqual([
    ["user", "Why?"],
    ["assistant", "Because of the air."],
  ]);
  expect(told.at(-1)).toBe("done: Because of the air.");
  expect(told.slice(0, -1).every((content) => "Because of the air.".startsWith(content))).toBe(true);
  expect(told).toContain("Because ");
});

test("the user that a message is sent as goes with it", async () => {
  const { server, options } = stage();
  server.next(CHAT, () => named(begun("x").send(end(3)).end()));
  const { result } = renderHook(() => useHttpTutorStream(options));
  await act(async () => void (await result.current.sendMessage("Why?", "alice")));
  expect(server.to(CHAT)[0]?.body).toMatchObject({ message: "Why?", userId: "alice" });
});

test("under StrictMode a message is sent once and the session is followed once", async () => {
  const { server, options } = stage();
  server.next(CHAT, () => named(begun("Once.").send(end(3)).end()));
  const onComplete = vi.fn();
  const { result } = renderHook(() => useHttpTutorStream({ ...options, onComplete }), { wrapper: StrictMode });
  await act(async () => void (await result.current.sendMessage("Why?")));
  await waitFor(() => expect(onComplete).toHaveBeenCalledTimes(1));
  expect(server.to(CHAT)).toHaveLength(1);
  expect(result.current.messages).toHaveLength(2);
});

test("a stop is asked of the server, and keeps what was written", async () => {
  const { server, options } = stage();
  const stream = begun("Because ");
  server.next(CHAT, () => named(stream));
  server.next(STOP, () => {
    stream.send(end(3, "stopped")).end();
    return json(endedTurn("stopped", "Because "));
  });
  const { result } = renderHook(() => useHttpTutorStream(options));
  act(() => void result.current.sendMessage("Why?"));
  await waitFor(() => expect(result.current.streamingMessage?.content).toBe("Because "));
  await act(() => result.current.stop());
  await waitFor(() => expect(result.current.isStreaming).toBe(false));
  expect(result.current.messages.at(-1)).toMatchObject({ status: "stopped", content: "Because " });
});

test("a refusal is an error that is told once, and a retry sends the same message again", async () => {
  const { server, options } = stage();
  server.next(CHAT, () => problem(422, "message-blank"));
  const onError = vi.fn<(error: ChatError) => void>();
  const { result } = renderHook(() => useHttpTutorStream({ ...options, onError }));
  await act(async () => void (await result.current.sendMessage("Why?")));
  await waitFor(() => expect(result.current.status).toBe("error"));
  expect(result.current.error?.code).toBe("message-blank");
  expect(onError).toHaveBeenCalledTimes(1);
  expect(result.current.outbox).toHaveLength(1);

  server.next(CHAT, () => named(begun("Now.").send(end(3)).end()));
  await act(() => result.current.retry());
  await waitFor(() => expect(result.current.messages.at(-1)?.content).toBe("Now."));
  expect(result.current).toMatchObject({ error: null, outbox: [] });
  const [first, second] = server.to(CHAT).map(({ body }) => body as { clientMessageId: string });
  expect(second?.clientMessageId).toBe(first?.clientMessageId);
});

test("a cut reply is continued from where it is", async () => {
  const cut = { ...row("message-2", "assistant", "Because "), status: "interrupted", turnId: "turn-1" };
  const { server, options } = stage([row("message-1", "user", "Why?"), { ...cut, replyTo: "message-1" }]);
  const rest = new FakeStream(start({ turnId: "turn-2" }), text(2, "Because "), text(3, "of air."), end(4)).end();
  server.next(CONTINUE, () => rest.response({ "X-Turn-Id": "turn-2", "X-Session-Id": "session-1" }));
  const { result } = renderHook(() => useHttpTutorStream(options));
  await waitFor(() => expect(result.current.messages).toHaveLength(2));
  await act(() => result.current.continue());
  await waitFor(() => expect(result.current.messages.at(-1)).toMatchObject({ status: "complete", content: "Because of air." }));
});

test("functions stay the same, and messages that do not change stay the same objects", async () => {
  const { server, options } = stage([row("old-1", "user", "Hello"), row("old-2", "assistant", "Hello.")]);
  const stream = begun("a");
  server.next(CHAT, () => named(stream));
  const { result } = renderHook(() => useHttpTutorStream(options));
  await waitFor(() => expect(result.current.messages).toHaveLength(2));
  const { sendMessage, stop, messages } = result.current;
  act(() => void sendMessage("Why?"));
  await waitFor(() => expect(result.current.streamingMessage?.content).toBe("a"));
  stream.send(text(3, "b"), end(4)).end();
  await waitFor(() => expect(result.current.status).toBe("ready"));
  expect(result.current.sendMessage).toBe(sendMessage);
  expect(result.current.stop).toBe(stop);
  expect(result.current.messages[0]).toBe(messages[0]);
  expect(result.current.messages[1]).toBe(messages[1]);
});

test("another session is another chat; a draft that became a session is still the same", async () => {
  const { server, options } = stage();
  const other = row("other-1", "user", "Elsewhere");
  server.always("GET /sessions/other/messages?limit=50", () => json({ messages: [other], nextCursor: null, activeTurn: null }));
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  const onSession = vi.fn();
  const props: { sessionId: string | undefined } = { sessionId: undefined };
  const hook = renderHook(({ sessionId }) => useHttpTutorStream({ ...options, sessionId, onSession }), {
    initialProps: props,
  });
  await act(async () => void (await hook.result.current.sendMessage("Why?")));
  expect(onSession).toHaveBeenCalledWith("session-1");
  const before = hook.result.current.messages;
  hook.rerender({ sessionId: "session-1" });
  expect(hook.result.current.messages).toBe(before);
  hook.rerender({ sessionId: "other" });
  await waitFor(() => expect(hook.result.current.messages.map(({ content }) => content)).toEqual(["Elsewhere"]));
});

test("the callbacks of the last render are called", async () => {
  const { server, options } = stage();
  const stream = begun("a");
  server.next(CHAT, () => named(stream));
  const [first, second] = [vi.fn(), vi.fn()];
  const hook = renderHook(({ onComplete }) => useHttpTutorStream({ ...options, onComplete }), {
    initialProps: { onComplete: first },
  });
  act(() => void hook.result.current.sendMessage("Why?"));
  await waitFor(() => expect(hook.result.current.isStreaming).toBe(true));
  hook.rerender({ onComplete: second });
  stream.send(end(3)).end();
  await waitFor(() => expect(second).toHaveBeenCalledTimes(1));
  expect(first).not.toHaveBeenCalled();
});

test("unmounting leaves the reply going on", async () => {
  const { server, options } = stage();
  const stream = begun("a");
  server.next(CHAT, () => named(stream));
  const { result, unmount } = renderHook(() => useHttpTutorStream(options));
  act(() => void result.current.sendMessage("Why?"));
  await waitFor(() => expect(result.current.streamingMessage?.content).toBe("a"));
  unmount();
  await stream.cancelled;
  expect(server.to(STOP)).toHaveLength(0);
});

test("what begins and ends is told in whole, and never as nothing", async () => {
  for (const status of ["complete", "stopped", "failed"]) {
    const { server, options } = stage();
    const stream = begun();
    server.next(CHAT, () => named(stream));
    const told: string[] = [];
    const onMessage = ({ content, status: now }: ChatMessage) => void told.push(`${now}: ${content}`);
    // Frames that never come: what the screen has not shown yet is told at the end all the same.
    const smoothing = { schedule: () => () => {} };
    const { result, unmount } = renderHook(() => useHttpTutorStream({ ...options, smoothing, onMessage }));
    act(() => void result.current.sendMessage("Why?"));
    await waitFor(() => expect(result.current.streamingMessage?.content).toBe(""));
    expect(told).toEqual([]);
    stream.send(text(2, "Because "), text(3, "of the air."), end(4, status)).end();
    await waitFor(() => expect(result.current.isStreaming).toBe(false));
    expect(told).toEqual([`${status}: Because of the air.`]);
    unmount();
  }
});

test("a throttle lets text grow at its own pace, and holds no end back", async () => {
  const { server, options } = stage();
  const stream = begun("0 ");
  server.next(CHAT, () => named(stream));
  const told: string[] = [];
  const onMessage = ({ content }: ChatMessage) => void told.push(content);
  const { result } = renderHook(() => useHttpTutorStream({ ...options, smoothing: undefined, throttle: 60_000, onMessage }));
  act(() => void result.current.sendMessage("Count."));
  await waitFor(() => expect(result.current.streamingMessage?.content).toBe("0 "));
  for (let number = 1; number <= 20; number++) await act(async () => void stream.send(text(2 + number, `${number} `)));
  expect(told).toEqual(["0 "]);
  await act(async () => void stream.send(end(23)).end());
  const all = Array.from({ length: 21 }, (_each, number) => `${number} `).join("");
  await waitFor(() => expect(result.current.messages.at(-1)?.content).toBe(all));
  expect(told).toEqual(["0 ", all]);
});

test("functions may be handlers, and goOn is continue", async () => {
  const cut = { ...row("message-2", "assistant", "Because "), status: "interrupted", turnId: "turn-1" };
  const { server, options } = stage([row("message-1", "user", "Why?"), { ...cut, replyTo: "message-1" }]);
  const rest = () => named(new FakeStream(start({ turnId: "turn-2" }), text(2, "Because of air."), end(3)).end());
  server.next(CONTINUE, () => rest().clone());
  server.next("POST /sessions/session-1/messages/message-2/regenerate", rest);
  const Buttons = () => {
    const { goOn, regenerate, stop, retry, refresh, loadOlder, resumeOutbox, messages } = useHttpTutorStream(options);
    return (
      <>
        <p>{messages.at(-1)?.content}</p>
        <button onClick={goOn}>go on</button>
        <button onClick={regenerate}>again</button>
        {[stop, retry, refresh, loadOlder, resumeOutbox].map((action, at) => (
          <button key={at} onClick={action} />
        ))}
      </>
    );
  };
  render(<Buttons />);
  await screen.findByText("Because", { exact: false });
  fireEvent.click(screen.getByText("go on"));
  await screen.findByText("Because of air.");
  expect(server.to(CONTINUE)).toHaveLength(1);
  fireEvent.click(screen.getByText("again"));
  await act(() => server.asked("POST /sessions/session-1/messages/message-2/regenerate"));
});

test("what became of a message is said", async () => {
  const { server, options } = stage();
  const { result } = renderHook(() => useHttpTutorStream(options));
  await waitFor(() => expect(result.current.loaded).toBe(true));
  const sent = async (message: string) => {
    let outcome = "";
    await act(async () => void ({ outcome } = await result.current.submit(message)));
    return outcome;
  };
  server.next(CHAT, () => named(begun("Yes.").send(end(3)).end()));
  expect(await sent("Why?")).toBe("answered");
  server.next(CHAT, () => problem(413, "payload-too-large"));
  expect(await sent("Long")).toBe("refused");
  server.next(CHAT, () => problem(429, "tokens-spent", { "Retry-After": "600" }));
  expect(await sent("Later")).toBe("waiting");
  expect(await sent("   ")).toBe("empty");
  expect(await result.current.sendMessage("")).toBeNull();
});

test("messages that a component is given are there from the first render on, until the server's are", async () => {
  const { server, options } = stage([row("old-1", "user", "Hello"), row("old-2", "assistant", "Hello, you.")]);
  const given = [{ id: "old-1", role: "user", content: "Hello" }] as const;
  const { result } = renderHook(() => useHttpTutorStream({ ...options, initialMessages: given }));
  expect(result.current).toMatchObject({ loaded: true, messages: [{ id: "old-1", status: "complete", delivery: "sent" }] });
  await waitFor(() => expect(result.current.messages.map(({ content }) => content)).toEqual(["Hello", "Hello, you."]));

  const greeting = [{ id: "greeting", role: "assistant", content: "What shall we look at?" }] as const;
  const draft = renderHook(() => useHttpTutorStream({ ...options, sessionId: null, initialMessages: greeting }));
  server.next(CHAT, () => named(begun("Yes.").send(end(3)).end()));
  await act(async () => void (await draft.result.current.sendMessage("Atoms")));
  expect(draft.result.current.messages.map(({ content }) => content)).toEqual(["What shall we look at?", "Atoms", "Yes."]);
});

test("its types are those of the chat", () => {
  type Sent = Awaited<ReturnType<HttpTutorStream["sendMessage"]>>;
  expectTypeOf<Parameters<HttpTutorStream["sendMessage"]>>().toEqualTypeOf<[text: string, userId?: string | undefined]>();
  expectTypeOf<Sent>().toEqualTypeOf<ChatMessage | null>();
  expectTypeOf<HttpTutorStream["isStreaming"]>().toEqualTypeOf<boolean>();
  expectTypeOf<HttpTutorStream["streamingMessage"]>().toEqualTypeOf<ChatMessage | null>();
  expectTypeOf<HttpTutorStream["messages"]>().toEqualTypeOf<readonly ChatMessage[]>();
  expectTypeOf<HttpTutorStream["outbox"]>().toEqualTypeOf<readonly UnsentMessage[]>();
  expectTypeOf<HttpTutorStream["focus"]>().toEqualTypeOf<SessionFocus | null>();
  expectTypeOf<HttpTutorStream["status"]>().toEqualTypeOf<ChatStatus>();
  expectTypeOf<HttpTutorStream["error"]>().toEqualTypeOf<ChatError | null>();
  expectTypeOf<HttpTutorStream["submit"]>().returns.resolves.toEqualTypeOf<SendResult>();
  const maybe = undefined as string | undefined;
  void (() => useHttpTutorStream({ baseUrl: maybe, token: maybe, user: maybe, sessionId: maybe, userId: maybe, streamBy: undefined }));
  void (() => useHttpTutorStream({ token: async () => undefined, headers: undefined, throttle: undefined }));
  // @ts-expect-error a session is named by its id
  void (() => useHttpTutorStream({ sessionId: 7 }));
});

function endedTurn(status: string, written: string) {
  const ids = { turnId: "turn-1", sessionId: "session-1", userMessageId: "message-1", messageId: "message-2" };
  const usage = { inputTokens: 1, outputTokens: 2, source: "estimated" };
  const said = { text: written, finishReason: null, usage, attempts: 1, provider: "practice", model: "tutor" };
  const times = { createdAt: "2026-01-01T00:00:00.000Z", endedAt: "2026-01-01T00:00:01.000Z" };
  return { ...ids, status, ...said, errorCode: null, lastEventId: 3, ...times };
}
