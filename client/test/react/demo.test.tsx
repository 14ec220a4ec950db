/** The demo component, as a learner uses it. */

import { act, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import type { ChatMessage } from "../../src/index.js";
import { HttpStreamingDemo, type HttpStreamingDemoProps } from "../../src/react/index.js";
import { end, text } from "../support/frames.js";
import { json, problem } from "../support/server.js";
import { CHAT, STOP, begun, named, row, stage } from "./stage.js";

function write(message: string) {
  fireEvent.change(screen.getByLabelText("Your message"), { target: { value: message } });
}

/** The component on a server of its own; nothing it does leaves the test. */
function show(staged: ReturnType<typeof stage>, props: HttpStreamingDemoProps = {}) {
  const { client, sessionId } = staged.options;
  return render(<HttpStreamingDemo client={client} sessionId={sessionId} userId="alice" {...props} />);
}

test("a learner writes, reads the reply as it grows, and can write again", async () => {
  const staged = stage();
  const stream = begun("Because ");
  staged.server.next(CHAT, () => named(stream));
  show(staged);
  const send = screen.getByRole("button", { name: "Send" });
  expect(send).toHaveProperty("disabled", true);
  write("Why is the sky blue?");
  fireEvent.click(send);
  expect(await screen.findByText("Why is the sky blue?")).toBeTruthy();
  expect(await screen.findByText("Because", { exact: false, selector: "p span" })).toBeTruthy();
  expect(screen.getByRole("status").textContent).toBe("The tutor is writing…");
  expect(screen.getByLabelText("Your message")).toHaveProperty("value", "");
  stream.send(text(3, "of the air."), end(4)).end();
  expect(await screen.findByText("Because of the air.")).toBeTruthy();
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe(""));
  expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
  expect(staged.server.to(CHAT)[0]?.body).toMatchObject({ userId: "alice" });
});

test("Enter sends, Shift+Enter and Enter within a composed character do not", async () => {
  const staged = stage();
  staged.server.next(CHAT, () => named(begun("Yes.").send(end(3)).end()));
  show(staged);
  const box = screen.getByLabelText("Your message");
  write("Why?");
  fireEvent.keyDown(box, { key: "Enter", shiftKey: true });
  fireEvent.keyDown(box, { key: "Enter", isComposing: true });
  expect(box).toHaveProperty("value", "Why?");
  fireEvent.keyDown(box, { key: "Enter" });
  expect(await screen.findByText("Yes.")).toBeTruthy();
  expect(staged.server.to(CHAT)).toHaveLength(1);
});

test("Safari's Enter after a composition does not send, nor does a telephone's", async () => {
  const staged = stage();
  show(staged);
  const box = screen.getByLabelText("Your message");
  write("日本語");
  fireEvent.keyDown(box, { key: "Enter", keyCode: 229 });
  expect(box).toHaveProperty("value", "日本語");
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query === "(pointer: coarse)" }));
  fireEvent.keyDown(box, { key: "Enter" });
  expect(box).toHaveProperty("value", "日本語");
  expect(staged.server.to(CHAT)).toHaveLength(0);
});

test("a running reply can be stopped", async () => {
  const staged = stage();
  const stream = begun("Because ");
  staged.server.next(CHAT, () => named(stream));
  staged.server.next(STOP, () => {
    stream.send(end(3, "stopped")).end();
    return json({ turnId: "turn-1", messageId: "message-2", sessionId: "session-1", userMessageId: "message-1", status: "stopped", text: "Because ", finishReason: null, usage: null, lastEventId: 3 });
  });
  show(staged);
  write("Why?");
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  fireEvent.click(await screen.findByRole("button", { name: "Stop" }));
  expect(await screen.findByText("You stopped this reply.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Continue" })).toBeTruthy();
});

test("an error is told, and the message can be tried again or given up", async () => {
  const staged = stage();
  staged.server.next(CHAT, () => problem(422, "message-blank"));
  show(staged);
  write("Why?");
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("It is message-blank.");
  expect(screen.getByText("One message is not sent yet.")).toBeTruthy();
  staged.server.next(CHAT, () => named(begun("Now.").send(end(3)).end()));
  fireEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("Now.")).toBeTruthy();
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a reply that grows renders no other message again", async () => {
  const staged = stage([row("old-1", "user", "Hello"), row("old-2", "assistant", "Hello, you.")]);
  const stream = begun("0 ");
  staged.server.next(CHAT, () => named(stream));
  const rendered = vi.fn<(message: ChatMessage) => void>();
  const renderMessage = (message: ChatMessage) => {
    rendered(message);
    return <p>{message.content}</p>;
  };
  show(staged, { renderMessage });
  await screen.findByText("Hello, you.");
  write("Count.");
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  await screen.findByText("0", { exact: false, selector: "p" });
  rendered.mockClear();
  for (let number = 1; number <= 50; number++) {
    await act(async () => void stream.send(text(2 + number, `${number} `)));
  }
  await screen.findByText("49 50", { exact: false });
  const again = new Set(rendered.mock.calls.map(([{ id }]) => id));
  expect([...again]).toEqual(["message-2"]);
});
