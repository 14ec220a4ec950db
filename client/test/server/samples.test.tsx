/** The samples of the documentation on the real server, set up by nobody, as a page of its own origin. */

import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";

import { pageFetch } from "../support/page-fetch.js";
import { ServerProcess } from "../support/process.js";
import { samplesOf } from "../support/samples.js";

const WITHIN = { timeout: 20_000 };
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start();
});

beforeEach(() => void vi.stubGlobal("fetch", pageFetch(server.origin)));

afterEach(() => {
  cleanup();
  sessionStorage.clear();
});

afterAll(() => server.stop());

test.each([
  ["../README.md", "Tutor"],
  ["README.md", "Ask"],
])("%s: the answer of %s stays on the screen", async (document, name) => {
  const Sample = samplesOf(document)[name];
  if (Sample === undefined) throw new Error(`There is no ${name}.`);
  const { container } = render(<Sample />);
  await act(async () => void fireEvent.click(screen.getByRole("button", { name: "Ask" })));
  await screen.findByRole("button", { name: "Stop" }, WITHIN);
  await waitFor(() => expect(screen.queryByRole("button", { name: "Stop" })).toBeNull(), WITHIN);
  const [question, answer] = container.querySelectorAll("[data-role]");
  expect(question?.textContent).toBe("Why is the sky blue?");
  expect(answer?.getAttribute("data-role")).toBe("assistant");
  expect(answer?.textContent?.length).toBeGreaterThan(20);
});

test("the whole chat answers, and the next visit goes on with it", async () => {
  const Demo = samplesOf("../README.md")["Demo"];
  if (Demo === undefined) throw new Error("There is no Demo.");
  const first = render(<Demo />);
  fireEvent.change(screen.getByLabelText("Your message"), { target: { value: "What is a fraction?" } });
  fireEvent.click(screen.getByRole("button", { name: "Send" }));
  await screen.findByRole("button", { name: "Answer again" }, WITHIN);
  const said = first.container.querySelector('[data-role="assistant"]')?.textContent ?? "";
  expect(said.length).toBeGreaterThan(20);
  expect(said).not.toContain("**");
  expect(screen.queryByRole("alert")).toBeNull();
  first.unmount();
  const next = render(<Demo />);
  await screen.findByText("What is a fraction?", {}, WITHIN);
  expect(next.container.querySelector('[data-role="assistant"]')?.textContent).toBe(said);
});
