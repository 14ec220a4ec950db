/** Full-jitter exponential backoff: a uniformly random wait below a ceiling that doubles. */

const FIRST_CEILING_MS = 400;
const HIGHEST_CEILING_MS = 15_000;

export class Backoff {
  #failures = 0;

  /** Since the last progress. */
  get failures(): number {
    return this.#failures;
  }

  /** Something was achieved: the budget is whole again. */
  progress(): void {
    this.#failures = 0;
  }

  /** Counts a failure; how long to wait after it, in milliseconds. */
  fail(): number {
    const ceiling = Math.min(HIGHEST_CEILING_MS, FIRST_CEILING_MS * 2 ** this.#failures);
    this.#failures += 1;
    return Math.random() * ceiling;
  }
}
