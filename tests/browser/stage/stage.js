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
  contexts = [];
  /** What the stage itself asks with. */
  token = null;

  /** The server's settings (see `Server.start`), `practice` for the bundled tutor, `context` for the browser's. */
  static async set(settings) {
    const stage = new Stage();
    try {
      await stage.#set(settings);
      return stage;
    } catch (error) {
      await stage.strike();
      throw error;
    }
  }

  async #set({ practice = false, context = {}, ...settings }) {
    this.folder = await mkdtemp(join(tmpdir(), "tutorstream-browser-"));
    this.upstream = await Upstream.start();
    this.server = await Server.start(this.folder, { ...settings, baseUrl: practice ? null : this.upstream.baseUrl });
    this.network = await Relay.start(this.server.address);
    this.outside = await Outside.start();
    this.witness = new Witness(this.network.origin);
    this.contextOptions = { viewport: { width: 1180, height: 760 }, proxy: this.outside.proxy, ...context };
    this.context = await this.newContext();
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
  ask(path) {
    const authorization = this.token && { Authorization: `Bearer ${this.token}` };
    return fetch(this.server.origin + path, { headers: { Connection: "close", ...authorization } });
  }

  async get(path) {
    const response = await this.ask(path);
    assert.equal(response.status, 200, path);
    return response.json();
  }

  /** Resolves when the server refuses new turns. */
  async isDraining() {
    while ((await this.ask("/health/ready")).ok);
  }

  async messages(tab) {
    return (await this.get(`/sessions/${tab.sessionId}/messages`)).messages;
  }

  /** What the page has asked for. */
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
    await this.network?.close();
    await this.upstream?.close();
    await this.server?.stop("SIGKILL");
    this.outside?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
