// The real server as a process of its own: started, killed, told to stop and started again in the same place.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { within } from "./waiting.js";

const BINARY = process.env.TUTORSTREAM_BINARY;
const DATABASE = "database";
const COPY = "database-copy";
const LOG_LINES = 60;
const running = new Set();

process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Server {
  #folder;
  #environment;
  #child = null;
  /** The last lines of its log. */
  log = [];

  /**
   * `settings`: `{baseUrl, name, model, continuesPartial}` of the provider, `{drainSeconds, mergeWindowMs, asksForTokens,
   * plans, allowedOrigins, cookie}` of the server, `retry` as in its table of that name. Without a `baseUrl` the practice tutor answers.
   */
  static async start(folder, settings) {
    const server = new Server();
    server.#folder = folder;
    await mkdir(join(folder, DATABASE));
    server.#environment = await environment(folder, settings);
    await server.#start("127.0.0.1:0");
    return server;
  }

  get address() {
    return new URL(this.origin);
  }

  /** A token of this user, valid for so long (`90s`, `1h`). */
  async token(user, validity) {
    const command = ["token", "create", "--user", user, "--expires-in", validity];
    const { stdout } = await promisify(execFile)(BINARY, command, { cwd: this.#folder, env: this.#environment });
    return stdout.trim().split("\n").at(-1);
  }

  /** With the same address and the same database. */
  async startAgain() {
    await this.#start(this.address.host);
  }

  /** Sends the signal and resolves when the process is gone. */
  async stop(signal) {
    const child = this.#child;
    this.signal(signal);
    await within(ended(child), `the server ends after ${signal}`);
  }

  signal(signal) {
    this.#child.kill(signal);
  }

  async ended() {
    await within(ended(this.#child), "the server ends");
  }

  /** Of a server that is not running: keeps a copy of its database, or puts that copy back. */
  async keepDatabase() {
    await cp(join(this.#folder, DATABASE), join(this.#folder, COPY), { recursive: true });
  }

  async restoreDatabase() {
    await rm(join(this.#folder, DATABASE), { recursive: true });
    await cp(join(this.#folder, COPY), join(this.#folder, DATABASE), { recursive: true });
  }

  async #start(bind) {
    const child = spawn(BINARY, [], {
      cwd: this.#folder,
      env: { ...this.#environment, TUTORSTREAM_BIND: bind },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    createInterface(child.stderr).on("line", (line) => {
      this.log.push(line);
      this.log.splice(0, this.log.length - LOG_LINES);
    });
    this.origin = await within(announced(child), "the server says where it listens");
  }
}

async function announced(child) {
  const lines = createInterface(child.stdout);
  const gone = ended(child).then(() => {
    throw new Error("the server ended before it listened");
  });
  const [line] = await Promise.race([once(lines, "line"), gone]);
  return line.replace(/^listening on /, "");
}

async function ended(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

async function environment(folder, settings) {
  const config = join(folder, "settings.toml");
  await writeFile(config, configOf(settings));
  const { baseUrl, model = "scripted" } = settings;
  return {
    DATABASE_URL: `sqlite://${join(folder, DATABASE, "tutorstream.db")}`,
    RUST_LOG: "info",
    TUTORSTREAM_CONFIG: config,
    TUTORSTREAM_PLANNER: settings.plans ? "on" : "off",
    TUTORSTREAM_DRAIN_SECONDS: String(settings.drainSeconds ?? 20),
    ...(settings.asksForTokens && { TUTORSTREAM_REQUIRE_AUTH: "true" }),
    TUTORSTREAM_MERGE_WINDOW_MS: String(settings.mergeWindowMs ?? 25),
    ...(baseUrl && {
      OPENAI_BASE_URL: baseUrl,
      OPENAI_API_KEY: "test-key-not-a-secret",
      OPENAI_MODEL: model,
    }),
  };
}

function configOf({ baseUrl, name = "scripted", continuesPartial = false, retry = {}, allowedOrigins = [], cookie = false }) {
  const edges = [`allowed_origins = ${JSON.stringify(allowedOrigins)}`, "[auth]", `cookie = ${cookie}`];
  const provider = ['wire = "openai-chat"', `name = "${name}"`, `continues_partial = ${continuesPartial}`];
  const patience = Object.entries(retry).map(([key, value]) => `${key} = ${value}`);
  return [...edges, "[retry]", ...patience, ...(baseUrl ? ["[[providers]]", ...provider] : [])].join("\n");
}
