// @vitest-environment node
/** On a server there is no page, and nothing is asked of anyone. */

import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";

import { HttpStreamingDemo } from "../../src/react/index.js";

test("a page is made on a server without a document and without a request", () => {
  const fetch = vi.fn();
  vi.stubGlobal("fetch", fetch);
  expect(typeof document).toBe("undefined");
  const html = renderToString(<HttpStreamingDemo sessionId="session-1" userId="alice" token="t" />);
  expect(html).toContain("Your message");
  expect(html).toContain("Loading…");
  expect(fetch).not.toHaveBeenCalled();
});

test("messages that the server has read are in the page that it makes", () => {
  const messages = [
    { id: "m1", role: "user", content: "Why?" },
    { id: "m2", role: "assistant", content: "Since **so**." },
  ] as const;
  const html = renderToString(<HttpStreamingDemo sessionId="session-1" initialMessages={messages} streamBy="event-source" />);
  expect(html).toContain("Why?");
  expect(html).toContain("<strong><span>so</span></strong>");
  expect(html).not.toContain("Loading…");
});
