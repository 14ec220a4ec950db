// A tab with the page in it: what a learner does there and sees.

import { PATIENCE_MS, within } from "./waiting.js";

// It is open for as long as its conversation is.
const FEED = /\/sessions\/[^/]+\/events(\?|$)/;

export class Tab {
  #open = new Set();

  constructor(page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("request", (request) => FEED.test(request.url()) || this.#open.add(request));
    page.on("requestfinished", (request) => this.#open.delete(request));
    page.on("requestfailed", (request) => this.#open.delete(request));
  }

  get hash() {
    return new URL(this.page.url()).hash;
  }

  get sessionId() {
    return this.hash.split("/sessions/")[1];
  }

  async say(text) {
    await this.page.fill("#input", text);
    await this.page.press("#input", "Enter");
  }

  press(name) {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Waits until `read`, run in the page with `argument`, says true. */
  until(read, argument) {
    return this.page.waitForFunction(read, argument);
  }

  /** Waits until the last reply has this text in it. */
  async shows(text) {
    await this.until((part) => {
      const reply = [...document.querySelectorAll(".from-tutor .prose")].at(-1);
      return reply?.textContent.includes(part);
    }, text);
  }

  /** Waits until the last reply is being written and is this text so far, no more and no less. */
  async streams(text) {
    await this.until((whole) => {
      const reply = [...document.querySelectorAll(".from-tutor")].at(-1);
      return reply?.matches(".is-streaming") && reply.querySelector(".prose").textContent.trim() === whole;
    }, text.trim());
  }

  async notices(text) {
    await this.page.locator(".notice", { hasText: text }).waitFor();
  }

  /** Waits until no reply is being written and the page has asked all it wants to know. */
  async rests() {
    await this.isQuiet();
    await this.until(() => {
      const button = document.getElementById("send");
      return button.getAttribute("aria-label") === "Send message" && !document.querySelector(".is-streaming");
    });
    await this.isQuiet();
  }

  /** Waits until no request is under way and what came of them is drawn. */
  isQuiet() {
    return within(this.#untilQuiet(), "the page asks for nothing more");
  }

  async #untilQuiet() {
    do {
      await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
    } while (this.#open.size > 0);
  }

  questions() {
    return this.page.$$eval(".from-user .bubble", (all) => all.map((each) => each.textContent));
  }

  replies() {
    return this.page.$$eval(".from-tutor .prose", (all) => all.map((each) => each.innerText));
  }
}
