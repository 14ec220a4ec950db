import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { TutorClient } from "../../src/index.js";
import { ServerProcess } from "../support/process.js";

// The practice tutor takes its time, as a model does.
vi.setConfig({ testTimeout: 60_000 });

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const installed = (name: string) => here(`../runtimes/node_modules/.bin/${name}`);
const SCRIPT = here("../runtimes/converse.mjs");

let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start();
});

afterAll(() => server.stop());

it.each([
  ["Deno, with no right but to the server", installed("deno"), (host: string) => ["run", "--no-prompt", `--allow-net=${host}`]],
  ["Bun", installed("bun"), () => []],
  ["Node.js", process.execPath, () => []],
])("the built package streams a turn and sends a chat's message in %s", async (_, program, flags) => {
  const words = [...flags(new URL(server.origin).host), SCRIPT, server.origin];
  const { stdout } = await promisify(execFile)(program, words);
  const told = JSON.parse(stdout);
  expect(told.status).toBe("complete");
  const { messages } = await new TutorClient({ baseUrl: server.origin }).listMessages(told.sessionId);
  expect(messages.map(({ content }) => content)).toEqual([
    "Why is the sky blue?",
    told.text,
    "What is a prime number?",
    told.reply,
  ]);
});
