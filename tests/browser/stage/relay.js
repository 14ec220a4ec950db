// The network between browser and server: passes bytes on, and breaks in every way a network does.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Relay {
  #server;
  #target;
  #pairs = new Set();
  #refuses = false;
  #cutting = null;
  #requests = [];

  static async start(target) {
    const relay = new Relay();
    relay.#target = target;
    relay.#server = createServer((socket) => relay.#join(socket));
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    return relay;
  }

  get origin() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Ends every connection. New ones go through. */
  cut() {
    this.#pairs.forEach((pair) => this.#end(pair));
  }

  /** Ends every connection and takes no new ones until `restore`. */
  breakDown() {
    this.#refuses = true;
    this.cut();
  }

  restore() {
    this.#refuses = false;
  }

  /** The connections whose last request begins so stay open, but nothing more comes from the server. */
  silence(request) {
    const silenced = [...this.#pairs].filter((pair) => pair.request.startsWith(request));
    silenced.forEach(({ browser, server }) => server.unpipe(browser).resume());
    return silenced.length;
  }

  /**
   * The next request that begins so reaches the server, but of its answer only so many bytes come through.
   * `forLong`: nothing else does either, until `restore`.
   */
  cutAnswerTo(request, { bytes = 0, forLong = false } = {}) {
    this.#cutting = { request, bytes, forLong };
  }

  /** How many requests that begin so went through. */
  count(request) {
    return this.#requests.filter((each) => each.startsWith(request)).length;
  }

  async close() {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(browser) {
    if (this.#refuses) return browser.destroy();
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const pair = { browser, server, request: "" };
    this.#pairs.add(pair);
    for (const socket of [browser, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => this.#end(pair));
    }
    browser.on("data", (bytes) => this.#consider(pair, bytes.toString("latin1")));
    browser.pipe(server);
    server.pipe(browser);
  }

  #end(pair) {
    this.#pairs.delete(pair);
    pair.browser.destroy();
    pair.server.destroy();
  }

  #consider(pair, text) {
    pair.request = text;
    this.#requests.push(text);
    if (this.#cutting === null || !text.startsWith(this.#cutting.request)) return;
    const { bytes, forLong } = this.#cutting;
    this.#cutting = null;
    pair.server.unpipe(pair.browser).resume();
    pair.server.once("data", (answer) => {
      if (forLong) this.breakDown();
      else pair.browser.end(answer.subarray(0, bytes));
    });
  }
}
