/** Where the outbox is kept. A change reads and writes all of it at once, so that no tab overwrites another's. */

import type { Entries } from "./entry.js";

export interface OutboxStorage {
  read(): Promise<Entries>;
  /** Applies the change to what is stored now; resolves when that is kept. */
  change(change: (entries: Entries) => Entries): Promise<Entries>;
}

/** For runtimes without IndexedDB: what is kept is lost with the page. */
export class MemoryStorage implements OutboxStorage {
  #entries: Entries;

  constructor(entries: Entries = []) {
    this.#entries = entries;
  }

  read(): Promise<Entries> {
    return Promise.resolve(this.#entries);
  }

  change(change: (entries: Entries) => Entries): Promise<Entries> {
    this.#entries = change(this.#entries);
    return Promise.resolve(this.#entries);
  }
}
