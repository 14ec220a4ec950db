/** The first page of an open chat: what may pass is tried again until there is something to show. */

import { NetworkError, Problem } from "../http/problem.js";
import { Backoff } from "../stream/backoff.js";
import type { ChatStore } from "./store.js";

export interface LoadingOptions {
  /** Throws when the messages cannot be had. */
  load: (sessionId: string) => Promise<void>;
  /** It is time to try again. */
  again: () => void;
}

export class Loading {
  readonly #store: ChatStore;
  readonly #options: LoadingOptions;
  readonly #backoff = new Backoff();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(store: ChatStore, options: LoadingOptions) {
    this.#store = store;
    this.#options = options;
  }

  async load(sessionId: string): Promise<void> {
    clearTimeout(this.#timer);
    const { loaded, error } = this.#store.state;
    try {
      await this.#options.load(sessionId);
    } catch (cause) {
      const passing = (cause instanceof NetworkError || cause instanceof Problem) && cause.retryable;
      if (passing && !loaded && !this.#closed) this.#timer = setTimeout(this.#options.again, this.#backoff.fail());
      throw cause;
    }
    this.#backoff.progress();
    // The only thing that can have gone wrong before there was anything.
    if (!loaded && this.#store.state.error === error) this.#store.update({ error: null });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
