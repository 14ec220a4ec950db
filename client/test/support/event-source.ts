/** An EventSource that gives the frames that a test has queued, then breaks. */

import { SseParser } from "../../src/stream/sse.js";

export class FakeEventSource extends EventTarget {
  static readonly SILENT = "silent";
  /** A heartbeat every 15 s, until it is broken. */
  static readonly BEATING = "beating";
  static urls: string[] = [];
  /** Sources that were not closed. */
  static open = 0;
  static #bodies: string[] = [];
  static #beating: FakeEventSource[] = [];
  #closed = false;
  #heart: ReturnType<typeof setInterval> | undefined;

  static reset(): void {
    this.urls = [];
    this.open = 0;
    this.#bodies = [];
    this.#beating = [];
  }

  /** What the next connections give. */
  static next(...bodies: string[]): void {
    this.#bodies.push(...bodies);
  }

  /** Breaks those that beat. */
  static breakAll(): void {
    for (const source of this.#beating.splice(0)) source.dispatchEvent(new Event("error"));
  }

  constructor(url: string) {
    super();
    FakeEventSource.urls.push(url);
    FakeEventSource.open += 1;
    const body = FakeEventSource.#bodies.shift() ?? "";
    queueMicrotask(() => this.#play(body));
  }

  close(): void {
    clearInterval(this.#heart);
    if (!this.#closed) FakeEventSource.open -= 1;
    this.#closed = true;
  }

  #play(body: string): void {
    if (body === FakeEventSource.SILENT) return;
    if (body === FakeEventSource.BEATING) {
      FakeEventSource.#beating.push(this);
      const beat = () => this.dispatchEvent(new MessageEvent("heartbeat", { data: "{}", lastEventId: "" }));
      this.#heart = setInterval(beat, 15_000);
      return;
    }
    let lastEventId = "";
    const onFrame = ({ type, data, id }: { type: string; data: string; id: string | null }) => {
      lastEventId = id ?? lastEventId;
      if (!this.#closed) this.dispatchEvent(new MessageEvent(type, { data, lastEventId }));
    };
    new SseParser({ onFrame, onRetry: () => {} }).push(body);
    if (!this.#closed) this.dispatchEvent(new Event("error"));
  }
}
