// A model provider that speaks the chat completions API and says exactly what a test tells it to, when it does.

import { once } from "node:events";
import { createServer } from "node:http";

import { Queue, within } from "./waiting.js";

export class Upstream {
  #server;
  #waiting = new Queue();
  /** Every request so far, oldest first. */
  calls = [];

  static async start() {
    const upstream = new Upstream();
    upstream.#server = createServer((request, response) => upstream.#receive(request, response));
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  get baseUrl() {
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  /** The oldest request that no one has asked for. */
  nextCall() {
    return this.#waiting.take("a request to the provider");
  }

  /** Answers the next request with all of `text` at once. */
  async answer(text) {
    const call = await this.nextCall();
    call.say(text);
    call.finish();
    return call;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #receive(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const call = new Call(JSON.parse(Buffer.concat(chunks).toString()), response);
    this.calls.push(call);
    this.#waiting.put(call);
  }
}

class Call {
  #response;
  #closed;

  constructor(body, response) {
    this.body = body;
    this.#response = response;
    this.#closed = once(response, "close");
  }

  /** What the learner asked, and the reply so far that is to go on. */
  get question() {
    return this.body.messages.findLast((message) => message.role === "user").content;
  }

  get kept() {
    const last = this.body.messages.findLast((message) => message.role !== "user");
    return last.role === "assistant" ? last.content : "";
  }

  say(text) {
    this.#write({ choices: [{ index: 0, delta: { content: text } }] });
  }

  finish(reason = "stop") {
    this.#write({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
    this.#write({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 30 } });
    this.#response.end("data: [DONE]\n\n");
  }

  /** Answers with an error instead of a reply. */
  refuse(status, message, headers = {}) {
    this.#response.writeHead(status, { "Content-Type": "application/json", ...headers });
    this.#response.end(JSON.stringify({ error: { message, type: "server_error" } }));
  }

  /** Reports an error in the middle of a reply. */
  fail(message) {
    this.#write({ error: { message, type: "server_error", code: 500 } });
    this.#response.end();
  }

  /** The connection breaks. */
  cut() {
    this.#response.destroy();
  }

  /** Resolves when the server has left. */
  left() {
    return within(this.#closed, "the server leaves the provider");
  }

  #write(chunk) {
    if (!this.#response.headersSent) this.#response.writeHead(200, { "Content-Type": "text/event-stream" });
    this.#response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  }
}
