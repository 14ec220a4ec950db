/** The outbox in IndexedDB: survives reload and crash, and is shared by the tabs of one origin. */

import type { Entries, OutboxEntry } from "./entry.js";
import { MemoryStorage, type OutboxStorage } from "./storage.js";

const STORE = "entries";

interface Row {
  position: number;
  entry: OutboxEntry;
}

/** The best storage that this runtime has. */
export function outboxStorage(name: string): OutboxStorage {
  return globalThis.indexedDB ? new IndexedDbStorage(name) : new MemoryStorage();
}

export class IndexedDbStorage implements OutboxStorage {
  readonly #name: string;
  #database: Promise<IDBDatabase | null> | null = null;
  /** Takes over where the browser forbids to store, as some do in private windows. */
  readonly #memory = new MemoryStorage();

  constructor(name: string) {
    this.#name = name;
  }

  async read(): Promise<Entries> {
    return this.change((entries) => entries);
  }

  async change(change: (entries: Entries) => Entries): Promise<Entries> {
    // A browser may close a database by itself: the next change opens it again.
    this.#database ??= openDatabase(this.#name, () => (this.#database = null));
    const database = await this.#database;
    return database ? changeIn(database, change) : this.#memory.change(change);
  }
}

function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "position" });
    request.onerror = () => resolve(null);
    request.onsuccess = () => {
      request.result.onclose = onClose;
      // A newer version in another tab must not wait for this one.
      request.result.onversionchange = () => {
        request.result.close();
        onClose();
      };
      resolve(request.result);
    };
  });
}

function changeIn(database: IDBDatabase, change: (entries: Entries) => Entries): Promise<Entries> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(STORE);
    let after: Entries = [];
    const request: IDBRequest<Row[]> = store.getAll();
    request.onsuccess = () => {
      const rows = request.result;
      after = change(rows.map((row) => row.entry));
      write(store, rows, after);
    };
    transaction.oncomplete = () => resolve(after);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Entries keep their order, and a new one comes last, so an entry keeps its position, too. */
function write(store: IDBObjectStore, before: Row[], after: Entries): void {
  const positions = new Map(before.map((row) => [row.entry.clientMessageId, row.position]));
  const old = new Set(before.map((row) => row.entry));
  let next = (before.at(-1)?.position ?? 0) + 1;
  for (const entry of after) {
    const position = positions.get(entry.clientMessageId) ?? next++;
    if (!old.has(entry)) store.put({ position, entry });
    positions.delete(entry.clientMessageId);
  }
  for (const position of positions.values()) store.delete(position);
}
