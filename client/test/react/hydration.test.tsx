/** A page that was made on a server comes alive without being made anew. */

import { act, screen } from "@testing-library/react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";

import type { InitialMessage } from "../../src/index.js";
import { HttpStreamingDemo } from "../../src/react/index.js";
import { row, stage } from "./stage.js";

test.each([
  ["with the messages that the server has read", [row("old-1", "user", "Hello"), row("old-2", "assistant", "Hello, **you**.")]],
  ["with nothing", []],
])("%s", async (_name, initialMessages) => {
  const { server, options } = stage([...initialMessages, row("new-1", "user", "Since then")]);
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  const page = document.createElement("div");
  document.body.append(page);
  const demo = <HttpStreamingDemo {...options} initialMessages={initialMessages as readonly InitialMessage[]} />;
  page.innerHTML = renderToString(demo);
  // There is a document here while the page is made, which React 18 takes to be a mistake.
  complaints.mockClear();
  const made = page.querySelector("section");
  expect(server.requests).toEqual([]);
  expect(page.querySelectorAll("li")).toHaveLength(initialMessages.length);
  const mistakes: unknown[] = [];
  const root = await act(async () => hydrateRoot(page, demo, { onRecoverableError: (mistake) => mistakes.push(mistake) }));
  await screen.findByText("Since then");
  expect(page.querySelectorAll("li")).toHaveLength(initialMessages.length + 1);
  expect(page.querySelector("section")).toBe(made);
  expect(mistakes).toEqual([]);
  expect(complaints).not.toHaveBeenCalled();
  await act(async () => root.unmount());
  page.remove();
});
