/** The samples of the documentation, run as they are pasted: on a server that is set up by nobody, on the page's own origin. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ComponentType } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { samplesOf } from "../support/samples.js";
import { end, text } from "../support/frames.js";
import { FakeServer, json, problem } from "../support/server.js";
import { CHAT, begun, named } from "./stage.js";

let server: FakeServer;

beforeEach(() => {
  server = new FakeServer();
  server.always("GET /profile", () => json({ user: "local" }));
  // Without authentication everybody is the same user, and no other one.
  server.always(CHAT, ({ body }) => {
    const { userId } = body as { userId?: string };
    return userId === undefined || userId === "local" ? answer() : problem(403, "user-mismatch");
  });
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => server.fetch(`http://page.test${path}`, init));
});

afterEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

const answer = () => named(begun("Because ").send(text(3, "of the air."), end(4)).end());

test.each([
  ["../README.md", ["Demo", "Tutor"]],
  ["README.md", ["Ask"]],
])("%s", async (document, names) => {
  const samples = samplesOf(document);
  expect(Object.keys(samples).sort()).toEqual(names);
});

test.each([
  ["../README.md", "Tutor"],
  ["README.md", "Ask"],
])("the answer of %s's %s stays on the screen", async (document, name) => {
  const Sample = samplesOf(document)[name] as ComponentType;
  render(<Sample />);
  await act(async () => void fireEvent.click(screen.getByRole("button", { name: /^Ask/ })));
  await waitFor(() => expect(pageText()).toContain("Because of the air."));
  await waitFor(() => expect(screen.getByRole("button", { name: /^Ask/ })).toBeTruthy());
  expect(pageText()).toContain("Because of the air.");
  expect(pageText()).toContain("Why is the sky blue?");
  expect(pageText()).not.toContain("try again");
});

test("the whole chat needs nothing made up", async () => {
  const Demo = samplesOf("../README.md")["Demo"] as ComponentType;
  render(<Demo />);
  fireEvent.change(screen.getByLabelText("Your message"), { target: { value: "Why?" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  await waitFor(() => expect(pageText()).toContain("Because of the air."));
  await waitFor(() => expect(screen.getByRole("status").textContent).toBe(""));
  expect(screen.queryByRole("alert")).toBeNull();
});

test("what npm's readers are given has no link into a repository that they do not have", () => {
  const source = readFileSync(resolve("README.md"), "utf8");
  expect([...source.matchAll(/\]\((?!https?:|#)[^)]*\)/g)].map(([link]) => link)).toEqual([]);
});

function pageText(): string {
  return globalThis.document.body.textContent ?? "";
}
