import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { Problem, wordsOf } from "../src/index.js";
import { errorOf } from "../src/chat/errors.js";
import { knownCodes } from "../src/words.js";

/** The codes that the documentation of the API lists, which a test of the server holds against its own list. */
function documented(): string[] {
  const document = readFileSync(new URL("../../docs/http-api.md", import.meta.url), "utf8");
  const errors = document.slice(document.indexOf("\n## Errors"), document.indexOf("\n## Limits"));
  const rows = errors.match(/^\| (?:\d+ \| )?`[a-z-]+` \|/gm) ?? [];
  return rows.map((row) => /`([a-z-]+)`/.exec(row)?.[1] ?? "");
}

/** What only a program can have done wrong: it is told in the server's words. */
const FOR_PROGRAMS = [
  "invalid-json",
  "invalid-body",
  "json-too-deep",
  "json-too-long",
  "invalid-last-event-id",
  "method-not-allowed",
  "too-many-observers",
  "uri-too-long",
  "unsupported-media-type",
  "unknown-host",
  "too-many-tickets",
  "headers-too-large",
];
const OWN = ["network", "client", "failed", "wrong-user"];

describe("words by code", () => {
  it("are there for every code that a learner can meet", () => {
    const codes = new Set(documented());
    expect(codes.size).toBeGreaterThan(50);
    // A server that is newer than this client has codes that it tells in its own words.
    const known = knownCodes.filter((code) => !OWN.includes(code));
    expect(known.filter((code) => !codes.has(code))).toEqual([]);
    const missing = ["unauthorized", "message-too-long", "tokens-spent", "too-many-turns", "draining"];
    expect(missing.filter((code) => !known.includes(code))).toEqual([]);
    expect(known.filter((code) => FOR_PROGRAMS.includes(code))).toEqual([]);
  });

  it("say what happened, and are no phrase of HTTP", () => {
    for (const code of knownCodes) {
      const { title } = wordsOf({ code, title: "Unprocessable Entity", detail: "" });
      expect(title).not.toBe("Unprocessable Entity");
      expect(title).toMatch(/^[A-Z“].* .*[^.]$/);
    }
  });

  it("are the server's for a code that nobody knows", () => {
    const told = { code: "new-limit", title: "A new limit", detail: "Wait until noon." };
    expect(wordsOf(told)).toEqual({ title: told.title, detail: told.detail });
    const problem = new Problem({ type: "about:blank", status: 429, requestId: null, ...told });
    expect(errorOf(problem)).toEqual({ ...told, retryable: true });
    expect(wordsOf({ ...told, code: "constructor" }).title).toBe(told.title);
  });

  it("leave what the operator has to say to the operator", () => {
    const told = { code: "provider-overloaded", title: "Bad Gateway", detail: "Ask Ms Smith in room 12." };
    expect(wordsOf(told).detail).toBe(told.detail);
  });
});
