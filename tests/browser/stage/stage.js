// What a test has for itself: a fresh server, provider, network and browser context.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Outside, Witness, browser } from "./browser.js";
import { Relay } from "./relay.js";
import { Server } from "./server.js";
import { Tab } from "./tab.js";
import { Upstream } from "./upstream.js";

export class Stage {
  /** The server's settings (see `Server.start`), `practice` for the bundled tutor, `context` for the browser's. */
  static async set({ practice = false, context = {}, ...settings }) {
    const stage = new Stage();
    stage.folder = await mkdtemp(join(tmpdir(), "tutorstream-browser-"));
    stage.upstream = await Upstream.start();
    stage.server = await Server.start(stage.folder, { ...settings, baseUrl: practice ? null : stage.upstream.baseUrl });
    stage.network = await Relay.start(stage.server.address);
    stage.outside = await Outside.start();
    stage.witness = new Witness(stage.network.origin);
    stage.contexts = [];
    stage.contextOptions = { viewport: { width: 1180, height: 760 }, proxy: stage.outside.proxy, ...context };
    stage.context = await stage.newContext();
    return stage;
  }

  /** Another browser, so to speak: nothing is shared with the first. */
  async newContext(options = {}) {
    const context = await (await browser()).newContext({ ...this.contextOptions, ...options });
    this.contexts.push(context);
    await this.witness.watch(context);
    return context;
  }

  /** A new tab at this address, `#/sessions/…`. */
  async open(hash = "", context = this.context) {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(`${this.network.origin}/${hash}`);
    await tab.page.waitForSelector(".welcome, .message, .problem-state");
    return tab;
  }

  /** Asks the server itself, past the browser and the network between. */
  async get(path) {
    const response = await fetch(this.server.origin + path, { headers: { Connection: "close" } });
    assert.equal(response.status, 200, path);
    return response.json();
  }

  /** Resolves when the server refuses new turns. */
  async isDraining() {
    const isReady = async () => (await fetch(`${this.server.origin}/health/ready`, { headers: { Connection: "close" } })).ok;
    while (await isReady());
  }

  async messages(tab) {
    return (await this.get(`/sessions/${tab.sessionId}/messages`)).messages;
  }

  /** How often the page has sent this. */
  requests(method, pattern) {
    return this.witness.requests.filter((each) => each.method === method && pattern.test(each.pathname));
  }

  /** The conversation is one question and this reply: on the page, in the database, and on a page opened now. */
  async tellsOnce(tab, text, status = "complete") {
    await tab.rests();
    const shown = text.trimEnd();
    assert.deepEqual(await tab.replies(), [shown]);
    const stored = await this.messages(tab);
    assert.deepEqual(stored.map((message) => message.role), ["user", "assistant"]);
    assert.equal(stored[1].content, text);
    assert.equal(stored[1].status, status);
    const fresh = await this.open(tab.hash, await this.newContext());
    await fresh.rests();
    assert.deepEqual(await fresh.replies(), [shown]);
    assert.deepEqual(await fresh.questions(), await tab.questions());
  }

  /** What holds at the end of every test. */
  async check() {
    for (const context of this.contexts) await Promise.all(context.pages().map((page) => page.evaluate(() => {})));
    assert.deepEqual(this.witness.trouble, []);
    assert.deepEqual(this.outside.requests, []);
    assert.deepEqual(this.server.log.filter((line) => /panicked|ERROR/.test(line)), []);
    const { sessions } = await this.get("/sessions");
    for (const { id } of sessions) {
      const { messages } = await this.get(`/sessions/${id}/messages`);
      assert.ok(messages.every((message) => message.status !== "streaming"), "a reply is left streaming");
    }
  }

  describe() {
    const trouble = this.witness.trouble.map((line) => `\n  ${line}`).join("");
    const log = this.server.log.slice(-20).map((line) => `\n  ${line}`).join("");
    return `\nwitnessed:${trouble}\nserver:${log}`;
  }

  async strike() {
    for (const context of this.contexts) await context.close();
    await this.network.close();
    await this.upstream.close();
    await this.server.stop("SIGKILL");
    this.outside.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
