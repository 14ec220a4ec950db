// Waiting for what happens. Nothing here waits for time to pass: the limits only say when to give up.

export const PATIENCE_MS = 20_000;

/** Rejects with `what` in words when `promise` has not settled in time. */
export async function within(promise, what, patience = PATIENCE_MS) {
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms in vain: ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Things that come one by one and are asked for one by one, in any order of the two. */
export class Queue {
  #ready = [];
  #asking = [];

  put(item) {
    const next = this.#asking.shift();
    if (next) next(item);
    else this.#ready.push(item);
  }

  take(what) {
    if (this.#ready.length > 0) return Promise.resolve(this.#ready.shift());
    return within(new Promise((resolve) => this.#asking.push(resolve)), what);
  }

  get length() {
    return this.#ready.length;
  }
}
