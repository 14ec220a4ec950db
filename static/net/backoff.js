// Full-jitter exponential backoff: a uniformly random wait below a ceiling that doubles.

const BASE_MS = 400;
const CAP_MS = 15_000;

export class Backoff {
  #failures = 0;

  get failures() {
    return this.#failures;
  }

  reset() {
    this.#failures = 0;
  }

  nextDelay() {
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** this.#failures);
    this.#failures += 1;
    return Math.random() * ceiling;
  }
}

/** Waits, but no longer than until the network or the reader is back. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const settled = new AbortController();
    const finish = (settle) => {
      clearTimeout(timer);
      settled.abort();
      settle();
    };
    const timer = setTimeout(() => finish(resolve), ms);
    const once = { signal: settled.signal };
    window.addEventListener("online", () => finish(resolve), once);
    document.addEventListener("visibilitychange", () => document.hidden || finish(resolve), once);
    signal.addEventListener("abort", () => finish(() => reject(signal.reason)), once);
  });
}
