/** Who acts, on which server, in which session: what ends a chat of the hook, and what does not. */

import { act, fireEvent, render, renderHook, screen, waitFor } from "@testing-library/react";
import { StrictMode, useState } from "react";
import { expect, test, vi } from "vitest";

import { TutorClient } from "../../src/index.js";
import { type HttpTutorStreamOptions, useHttpTutorStream } from "../../src/react/index.js";
import { NAMED, end, start, text } from "../support/frames.js";
import { FakeStream, json } from "../support/server.js";
import { CHAT, begun, named, row, stage } from "./stage.js";

/** The options of a component that is given no client. */
function clientless(messages: readonly object[] = []) {
  const { server, options } = stage(messages);
  const { client: _none, sessionId, ...rest } = options;
  return { server, sessionId, options: { ...rest, baseUrl: "http://tutor.test", fetch: server.fetch } };
}

const callers = (requests: readonly { headers: Headers }[]) => requests.map(({ headers }) => headers.get("Authorization"));

test("a session that is left for none is a new chat, and its first message begins another session", async () => {
  const { server, options } = clientless();
  const next = (turnId: string, sessionId: string) =>
    server.next(CHAT, () => {
      const ids = { turnId, sessionId, userMessageId: `${turnId}-u`, messageId: `${turnId}-m` };
      const stream = new FakeStream(start(ids), text(2, "Yes."), end(3, "complete", ids.messageId)).end();
      return stream.response({ "X-Turn-Id": turnId, "X-Session-Id": sessionId });
    });
  next("turn-a", "first");
  next("turn-b", "second");
  const onSession = vi.fn();
  const { result } = renderHook(() => {
    const [sessionId, setSessionId] = useState<string | null>(null);
    const told = (id: string) => (onSession(id), setSessionId(id));
    return { setSessionId, sessionId, tutor: useHttpTutorStream({ ...options, sessionId, onSession: told }) };
  });
  await act(async () => void (await result.current.tutor.sendMessage("One?")));
  expect(result.current.sessionId).toBe("first");
  act(() => result.current.setSessionId(null));
  expect(result.current.tutor).toMatchObject({ messages: [], sessionId: null, status: "ready" });
  await act(async () => void (await result.current.tutor.sendMessage("Two?")));
  expect(onSession.mock.calls).toEqual([["first"], ["second"]]);
  expect(server.to(CHAT).map(({ body }) => (body as { sessionId?: string }).sessionId)).toEqual([undefined, undefined]);
  expect(result.current.tutor.messages.map(({ content }) => content)).toEqual(["Two?", "Yes."]);
});

test("another token ends what is shown at once, and is the one that is sent; the first user finds theirs again", async () => {
  const { server, options, sessionId } = clientless([row("old-1", "user", "Alice's secret")]);
  const seen: string[][] = [];
  const hook = renderHook(
    ({ token }) => {
      const tutor = useHttpTutorStream({ ...options, sessionId, token });
      seen.push([token, ...tutor.messages.map(({ content }) => content)]);
      return tutor;
    },
    { initialProps: { token: "AAA" } },
  );
  await waitFor(() => expect(hook.result.current.messages).toHaveLength(1));
  hook.rerender({ token: "BBB" });
  expect(hook.result.current.messages).toEqual([]);
  const ids = { turnId: "turn-b", sessionId: "session-b", userMessageId: "b-1", messageId: "b-2" };
  const stream = new FakeStream(start(ids), text(2, "Hi Bob."), end(3, "complete", "b-2")).end();
  server.next(CHAT, () => stream.response({ ...NAMED, "X-Turn-Id": "turn-b", "X-Session-Id": "session-b" }));
  await act(async () => void (await hook.result.current.sendMessage("I am Bob")));
  expect(callers(server.to(CHAT))).toEqual(["Bearer BBB"]);
  expect(hook.result.current.messages.map(({ content }) => content)).toEqual(["I am Bob", "Hi Bob."]);
  hook.rerender({ token: "AAA" });
  await waitFor(() => expect(hook.result.current.messages.map(({ content }) => content)).toEqual(["Alice's secret"]));
});

test("another token of the same user, or of the same subject, ends nothing", async () => {
  const jwt = (subject: string, serial: number) => `h.${btoa(JSON.stringify({ sub: subject, serial }))}.s`;
  for (const [one, other, user] of [
    [jwt("alice", 1), jwt("alice", 2), undefined],
    ["opaque-1", "opaque-2", "alice"],
  ] as const) {
    const { server, options, sessionId } = clientless([row("old-1", "user", "Hello")]);
    const stream = begun("Because ");
    server.next(CHAT, () => named(stream));
    const hook = renderHook(({ token }) => useHttpTutorStream({ ...options, sessionId, token, user }), {
      initialProps: { token: one as string },
    });
    await waitFor(() => expect(hook.result.current.messages).toHaveLength(1));
    act(() => void hook.result.current.sendMessage("Why?"));
    await waitFor(() => expect(hook.result.current.streamingMessage?.content).toBe("Because "));
    hook.rerender({ token: other });
    expect(hook.result.current.streamingMessage?.content).toBe("Because ");
    stream.send(text(3, "of air."), end(4)).end();
    await waitFor(() => expect(hook.result.current.messages.at(-1)?.content).toBe("Because of air."));
    server.next(CHAT, () => named(begun("x").send(end(3)).end()));
    await act(async () => void (await hook.result.current.sendMessage("And?")));
    expect(callers(server.to(CHAT))).toEqual([`Bearer ${one}`, `Bearer ${other}`]);
    hook.unmount();
  }
});

test("another user behind the same token function ends what is shown", async () => {
  const { server, options, sessionId } = clientless([row("old-1", "user", "Alice's secret")]);
  const hook = renderHook(
    ({ user }) => useHttpTutorStream({ ...options, sessionId, user, token: async () => `token-of-${user}` }),
    { initialProps: { user: "alice" } },
  );
  await waitFor(() => expect(hook.result.current.messages).toHaveLength(1));
  hook.rerender({ user: "bob" });
  expect(hook.result.current.messages).toEqual([]);
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  await act(async () => void (await hook.result.current.sendMessage("Hello")));
  expect(callers(server.to(CHAT))).toEqual(["Bearer token-of-bob"]);
});

test.each([false, true])("options written in place make no other chat, and the last ones count (strict: %s)", async (strict) => {
  const { server, options, sessionId } = clientless([row("old-1", "user", "Hello")]);
  const hook = renderHook(
    ({ tenant }) =>
      useHttpTutorStream({
        ...options,
        sessionId,
        credentials: "include",
        headers: () => ({ "X-Tenant": tenant }),
        fetch: (...request) => server.fetch(...request),
        token: async () => undefined,
        smoothing: {},
        onMessage: () => {},
      }),
    { initialProps: { tenant: "one" }, ...(strict && { wrapper: StrictMode }) },
  );
  await waitFor(() => expect(hook.result.current.messages).toHaveLength(1));
  const { sendMessage } = hook.result.current;
  hook.rerender({ tenant: "two" });
  expect(hook.result.current.sendMessage).toBe(sendMessage);
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  await act(async () => void (await hook.result.current.sendMessage("Why?")));
  expect(server.to(CHAT).map(({ headers }) => headers.get("X-Tenant"))).toEqual(["two"]);
});

test.each([false, true])("a client made in each render is one client, whose last options count (strict: %s)", async (strict) => {
  const { server, options } = stage([row("old-1", "user", "Hello")]);
  let renders = 0;
  const hook = renderHook(
    ({ tenant, token }) => {
      renders += 1;
      const client = new TutorClient({ baseUrl: "http://tutor.test", fetch: server.fetch, token, headers: { "X-Tenant": tenant } });
      return useHttpTutorStream({ ...options, client });
    },
    { initialProps: { tenant: "one", token: "AAA" }, ...(strict && { wrapper: StrictMode }) },
  );
  await waitFor(() => expect(hook.result.current.messages).toHaveLength(1));
  const { sendMessage } = hook.result.current;
  hook.rerender({ tenant: "two", token: "AAA" });
  expect(hook.result.current.sendMessage).toBe(sendMessage);
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  await act(async () => void (await hook.result.current.sendMessage("Why?")));
  expect(server.to(CHAT).map(({ headers }) => headers.get("X-Tenant"))).toEqual(["two"]);
  expect(renders).toBeLessThan(100);
  // Somebody else's is another one.
  hook.rerender({ tenant: "two", token: "BBB" });
  expect(hook.result.current.sendMessage).not.toBe(sendMessage);
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  await act(async () => void (await hook.result.current.sendMessage("Why?")));
  expect(callers(server.to(CHAT))).toEqual(["Bearer AAA", "Bearer BBB"]);
});

test("a client that each render of a parent makes is one client", async () => {
  const { server, options } = stage();
  const stream = begun("0 ");
  server.next(CHAT, () => named(stream));
  const seen = new Set<unknown>();
  const Child = (props: HttpTutorStreamOptions) => {
    const { sendMessage, messages } = useHttpTutorStream({ ...options, ...props });
    seen.add(sendMessage);
    return <button onClick={() => void sendMessage("Count.")}>{messages.at(-1)?.content ?? "Send"}</button>;
  };
  const Parent = () => {
    const [, setLast] = useState("");
    const client = new TutorClient({ baseUrl: "http://tutor.test", fetch: (...request) => server.fetch(...request), token: "AAA", headers: { "X-A": "1" } });
    return <Child client={client} onMessage={({ content }) => setLast(content)} />;
  };
  render(<Parent />);
  fireEvent.click(screen.getByText("Send"));
  await screen.findByText("0");
  for (let number = 1; number <= 5; number++) await act(async () => void stream.send(text(2 + number, `${number} `)));
  await act(async () => void stream.send(end(8)).end());
  await screen.findByText("0 1 2 3 4 5");
  expect(seen.size).toBe(1);
  expect(server.to(CHAT)).toHaveLength(1);
});

test("the user and the subject of the last render go with a message", async () => {
  const { server, options } = clientless();
  const hook = renderHook((props: HttpTutorStreamOptions) => useHttpTutorStream({ ...options, ...props }), {
    initialProps: { userId: "" } as HttpTutorStreamOptions,
  });
  const { sendMessage } = hook.result.current;
  hook.rerender({ userId: "alice", subject: "physics" });
  expect(hook.result.current.sendMessage).toBe(sendMessage);
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  await act(async () => void (await hook.result.current.sendMessage("Why?")));
  expect(server.to(CHAT)[0]?.body).toMatchObject({ userId: "alice", subject: "physics" });
});

test("a client that is kept and then another one are two chats", async () => {
  const { server, options } = stage();
  const made = (name: string) => new TutorClient({ baseUrl: "http://tutor.test", fetch: server.fetch, token: async () => name });
  const [one, other] = [made("AAA"), made("BBB")];
  const hook = renderHook((props: HttpTutorStreamOptions) => useHttpTutorStream({ ...options, ...props }), {
    initialProps: { client: one },
  });
  const { sendMessage } = hook.result.current;
  hook.rerender({ client: other });
  expect(hook.result.current.sendMessage).not.toBe(sendMessage);
  server.next(CHAT, () => named(begun("Hi.").send(end(3)).end()));
  await act(async () => void (await hook.result.current.sendMessage("Why?")));
  expect(callers(server.to(CHAT))).toEqual(["Bearer BBB"]);
});

test("the server's list is asked for as who acts", async () => {
  const { server, options, sessionId } = clientless();
  server.always("GET /profile", ({ headers }) => json({ user: headers.get("Authorization") === "Bearer BBB" ? "bob" : "alice" }));
  const hook = renderHook(({ token }) => useHttpTutorStream({ ...options, sessionId, token }), {
    initialProps: { token: "AAA" },
  });
  await waitFor(() => expect(hook.result.current.user).toBe("alice"));
  hook.rerender({ token: "BBB" });
  await waitFor(() => expect(hook.result.current.user).toBe("bob"));
});
