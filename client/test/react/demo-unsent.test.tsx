/** The demo component, when something cannot be sent or shown. */

import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";

import { HttpStreamingDemo } from "../../src/react/index.js";
import { end } from "../support/frames.js";
import { json, problem } from "../support/server.js";
import { CHAT, begun, named, row, stage } from "./stage.js";

function show(staged: ReturnType<typeof stage>) {
  render(<HttpStreamingDemo {...staged.options} />);
}

function send(message: string) {
  fireEvent.change(screen.getByLabelText("Your message"), { target: { value: message } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
}

test("a refused message says why, can be changed and goes out, and keeps no other one", async () => {
  const staged = stage();
  staged.server.next(CHAT, () => problem(413, "payload-too-large"));
  show(staged);
  send("Far too long");
  expect((await screen.findByRole("alert")).textContent).toContain("The message is too long");
  expect(screen.getByText("Far too long").closest("li")?.textContent).toContain("Shorten it, or send it in parts.");
  staged.server.next(CHAT, () => named(begun("Fine.").send(end(3)).end()));
  send("Short");
  await screen.findByText("Fine.");
  fireEvent.click(screen.getByRole("button", { name: "Edit: Far too long" }));
  fireEvent.change(screen.getByLabelText("Change the message"), { target: { value: "Long" } });
  staged.server.next(CHAT, () => named(begun("Now.").send(end(3)).end()));
  fireEvent.click(screen.getByRole("button", { name: "Save and send" }));
  await waitFor(() => expect(staged.server.to(CHAT).map(({ body }) => (body as { message: string }).message)).toEqual(["Far too long", "Short", "Long"]));
  await waitFor(() => expect(screen.queryByText("One message is not sent yet.")).toBeNull());
});

test("a spent limit says until when, and can be tried again or given up", async () => {
  const staged = stage();
  staged.server.next(CHAT, () => problem(429, "tokens-spent", { "Retry-After": "3600" }));
  show(staged);
  send("One more");
  await screen.findByText("One message is not sent yet.");
  const item = (await screen.findByText(/Today’s limit is used up · .* · Next try at /)).closest("li") as HTMLElement;
  fireEvent.click(within(item).getByRole("button", { name: "Do not send: One more" }));
  await waitFor(() => expect(screen.queryByText("One message is not sent yet.")).toBeNull());
});

test("a session that is not there says so, and does not load for ever", async () => {
  const staged = stage();
  staged.server.always("GET /sessions/session-1/messages?limit=50", () => problem(404, "not-found"));
  show(staged);
  expect((await screen.findByRole("alert")).textContent).toContain("This conversation is not here");
  expect(screen.getByRole("status").textContent).toBe("");
});

test("a failed reply that is not the last one can be asked for again; an empty one offers no going on", async () => {
  const reply = (id: string, replyTo: string, status: string, content: string) => ({ ...row(id, "assistant", content), replyTo, status, turnId: `turn-${id}` });
  const staged = stage([
    row("u1", "user", "One?"),
    reply("a1", "u1", "failed", "Half"),
    row("u2", "user", "Two?"),
    reply("a2", "u2", "stopped", ""),
  ]);
  staged.server.always("GET /profile", () => json({ user: "alice" }));
  show(staged);
  const failed = (await screen.findByText("Half")).closest("li") as HTMLElement;
  expect(within(failed).getByRole("button", { name: "Answer again" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Continue" })).toBeNull();
});
