/** An EventSource that gives the frames that a test has queued, then breaks. */

import { SseParser } from "../../src/stream/sse.js";

export class FakeEventSource extends EventTarget {
  static readonly SILENT = "silent";
  static urls: string[] = [];
  /** Sources that were not closed. */
  static open = 0;
  static #bodies: string[] = [];
  #closed = false;

  static reset(): void {
    this.urls = [];
    this.open = 0;
    this.#bodies = [];
  }

  /** What the next connections give. */
  static next(...bodies: string[]): void {
    this.#bodies.push(...bodies);
  }

  constructor(url: string) {
    super();
    FakeEventSource.urls.push(url);
    FakeEventSource.open += 1;
    const body = FakeEventSource.#bodies.shift() ?? "";
    queueMicrotask(() => this.#play(body));
  }

  close(): void {
    if (!this.#closed) FakeEventSource.open -= 1;
    this.#closed = true;
  }

  #play(body: string): void {
    if (body === FakeEventSource.SILENT) return;
    let lastEventId = "";
    const onFrame = ({ type, data, id }: { type: string; data: string; id: string | null }) => {
      lastEventId = id ?? lastEventId;
      if (!this.#closed) this.dispatchEvent(new MessageEvent(type, { data, lastEventId }));
    };
    new SseParser({ onFrame, onRetry: () => {} }).push(body);
    if (!this.#closed) this.dispatchEvent(new Event("error"));
  }
}
