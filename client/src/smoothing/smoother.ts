/** Shows a growing text at the display's frame rate, or at a timer's where nothing is displayed. */

import { LONGEST_LAG_MS, Pacer } from "./pacer.js";

/** Calls back before the next frame; returns what prevents that. */
export type FrameScheduler = (callback: () => void) => () => void;

export interface SmootherOptions {
  onText: (text: string) => void;
  now?: (() => number) | undefined;
  schedule?: FrameScheduler | undefined;
}

/** Decides when how much of a growing text is shown. */
export interface TextShower {
  /** The whole text so far. */
  show(text: string): void;
  /** A text that is shown already as it is. */
  begin(text: string): void;
  /** Forgets the text; no more of it is shown. */
  reset(): void;
}

export class Smoother implements TextShower {
  readonly #onText: (text: string) => void;
  readonly #now: () => number;
  readonly #schedule: FrameScheduler;
  #pacer = new Pacer();
  #cancelFrame: (() => void) | null = null;

  constructor({ onText, now = () => performance.now(), schedule = nextFrame }: SmootherOptions) {
    this.#onText = onText;
    this.#now = now;
    this.#schedule = schedule;
  }

  /** The whole text so far. */
  show(text: string): void {
    this.#pacer.arrive(text, this.#now());
    if (this.#pacer.behind) this.#plan();
    else this.#onText(text);
  }

  /** A text that is shown already as it is. */
  begin(text: string): void {
    this.reset();
    this.#pacer.finish(text);
  }

  /** Forgets the text; no more of it is shown. */
  reset(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = null;
    this.#pacer = new Pacer();
  }

  #plan(): void {
    this.#cancelFrame ??= this.#schedule(() => {
      this.#cancelFrame = null;
      this.#pacer.advance(this.#now());
      this.#onText(this.#pacer.visible);
      if (this.#pacer.behind) this.#plan();
    });
  }
}

/** A page that is not displayed gets no frames, yet its text must go on. */
function nextFrame(callback: () => void): () => void {
  const run = () => {
    cancel();
    callback();
  };
  const frame = globalThis.requestAnimationFrame?.(run);
  const timer = setTimeout(run, frame === undefined ? 16 : LONGEST_LAG_MS);
  const cancel = () => {
    clearTimeout(timer);
    if (frame !== undefined) globalThis.cancelAnimationFrame(frame);
  };
  return cancel;
}
