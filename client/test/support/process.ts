/** The real server as a process of its own, with the practice tutor, on a free port and in a folder of its own. */

import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

export class ServerProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), "tutorstream-client-"));
  readonly #environment: Record<string, string>;
  #child: ChildProcessByStdio<null, Readable, null> | null = null;
  origin = "";

  private constructor(environment: Record<string, string>) {
    this.#environment = environment;
  }

  static async start(environment: Record<string, string> = {}): Promise<ServerProcess> {
    const server = new ServerProcess(environment);
    await server.#start("127.0.0.1:0");
    return server;
  }

  /** Ends it as a power switch does, and starts it again in the same place. */
  async killAndStart(): Promise<void> {
    await this.#kill();
    await this.#start(new URL(this.origin).host);
  }

  /** Runs a command of the program on the same database; what it prints. */
  run(...words: string[]): string {
    const { stdout, stderr, status } = spawnSync(binary(), words, { ...this.#options("127.0.0.1:0"), encoding: "utf8" });
    if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  async stop(): Promise<void> {
    await this.#kill();
    rmSync(this.#folder, { recursive: true });
  }

  #options(bind: string) {
    const database = `sqlite://${join(this.#folder, "tutor.db")}`;
    const settings = { TUTORSTREAM_BIND: bind, DATABASE_URL: database, RUST_LOG: "error" };
    return { cwd: this.#folder, env: { ...settings, ...this.#environment } };
  }

  async #start(bind: string): Promise<void> {
    const child = spawn(binary(), [], { ...this.#options(bind), stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    const ended = once(child, "exit").then(() => Promise.reject(new Error("the server has ended")));
    ended.catch(() => {});
    const lines = createInterface(child.stdout);
    const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
    this.origin = line.replace("listening on ", "");
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

function binary(): string {
  const path = process.env["TUTORSTREAM_BINARY"];
  if (!path) throw new Error("TUTORSTREAM_BINARY names the server to test against");
  return path;
}
