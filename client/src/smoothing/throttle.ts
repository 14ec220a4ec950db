/** Shows a growing text at most once in so many milliseconds: the first of it at once, then all there is by then. */

import type { TextShower } from "./smoother.js";

export class Throttle implements TextShower {
  readonly #everyMs: number;
  readonly #onText: (text: string) => void;
  #text = "";
  #isIdle = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(everyMs: number, onText: (text: string) => void) {
    this.#everyMs = everyMs;
    this.#onText = onText;
  }

  show(text: string): void {
    this.#text = text;
    if (this.#isIdle) this.#tell();
  }

  begin(text: string): void {
    this.reset();
    this.#text = text;
  }

  reset(): void {
    clearTimeout(this.#timer);
    this.#isIdle = true;
  }

  #tell(): void {
    const told = this.#text;
    this.#isIdle = false;
    this.#timer = setTimeout(() => {
      this.#isIdle = true;
      if (this.#text !== told) this.#tell();
    }, this.#everyMs);
    this.#onText(told);
  }
}
