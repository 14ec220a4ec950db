/** The demo component keeps its session for the next visit of the same user. */

import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";

import { MemoryStorage, Outbox } from "../../src/index.js";
import { HttpStreamingDemo, type HttpStreamingDemoProps } from "../../src/react/index.js";
import { end } from "../support/frames.js";
import { FakeServer, json, problem } from "../support/server.js";
import { CHAT, begun, named, row } from "./stage.js";

const MESSAGES = "GET /sessions/session-1/messages?limit=50";

afterEach(() => localStorage.clear());

/** A server that knows its users by their tokens, and one session, of Alice. */
function serving() {
  const server = new FakeServer();
  const isAlice = (headers: Headers) => headers.get("Authorization") === "Bearer AAA";
  server.always("GET /profile", ({ headers }) => json({ user: isAlice(headers) ? "alice" : "bob" }));
  server.always(MESSAGES, ({ headers }) =>
    isAlice(headers) ? json({ messages: [row("old-1", "user", "Mine")], nextCursor: null, activeTurn: null }) : problem(404, "not-found"),
  );
  return server;
}

function visit(server: FakeServer, props: HttpStreamingDemoProps) {
  const outbox = new Outbox({ name: "visit", storage: new MemoryStorage() });
  return render(<HttpStreamingDemo baseUrl="http://tutor.test" fetch={server.fetch} outbox={outbox} feed={false} smoothing={false} {...props} />);
}

/** Alice's first message has made a session. */
async function begin(server: FakeServer) {
  server.next(CHAT, () => named(begun("Yes.").send(end(3)).end()));
  const shown = visit(server, { token: "AAA" });
  fireEvent.change(screen.getByLabelText("Your message"), { target: { value: "Mine" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  await screen.findByText("Yes.");
  await waitFor(() => expect(localStorage.length).toBeGreaterThan(1));
  shown.unmount();
}

test("a reload goes on with the conversation, and a new chat is one also after a reload", async () => {
  const server = serving();
  await begin(server);
  const again = visit(server, { token: "AAA" });
  await screen.findByText("Mine");
  fireEvent.click(screen.getByRole("button", { name: "New chat" }));
  await waitFor(() => expect(screen.queryByText("Mine")).toBeNull());
  again.unmount();
  const asked = server.to(MESSAGES).length;
  visit(server, { token: "AAA" });
  await waitFor(() => expect(server.to("GET /profile").length).toBeGreaterThan(2));
  expect(server.to(MESSAGES)).toHaveLength(asked);
});

test("another user in the same browser neither sees it nor asks for it", async () => {
  const server = serving();
  await begin(server);
  visit(server, { token: "BBB" });
  await waitFor(() => expect(server.to("GET /profile").at(-1)?.headers.get("Authorization")).toBe("Bearer BBB"));
  await waitFor(() => expect(Object.values({ ...localStorage }).join()).toContain("bob"));
  expect(server.to(MESSAGES).filter(({ headers }) => headers.get("Authorization") === "Bearer BBB")).toEqual([]);
  expect(screen.queryByText("Mine")).toBeNull();
});

test("one that is gone is forgotten without an error", async () => {
  const server = serving();
  await begin(server);
  server.always(MESSAGES, () => problem(404, "not-found"));
  visit(server, { token: "AAA" });
  await server.asked(MESSAGES, 1);
  await waitFor(() => expect(screen.queryByRole("button", { name: "New chat" })).toBeNull());
  expect(screen.queryByRole("alert")).toBeNull();
  expect(Object.keys({ ...localStorage }).filter((key) => key.startsWith("tutorstream.session:"))).toEqual([]);
});

test("an application that keeps the session itself is not overruled", async () => {
  const server = serving();
  await begin(server);
  visit(server, { token: "AAA", sessionId: null });
  await waitFor(() => expect(server.to("GET /profile").length).toBeGreaterThan(1));
  expect(screen.queryByText("Mine")).toBeNull();
  expect(screen.queryByRole("button", { name: "New chat" })).toBeNull();
});
