/**
 * The outbox in IndexedDB: survives reload and crash, and is shared by the tabs of one origin. Where a browser forbids
 * it, fails at it or does not answer, what is known lives on in memory, and that is said once.
 */

import { within } from "../environment.js";
import { warn } from "../warnings.js";
import type { Entries, OutboxEntry } from "./entry.js";
import { MemoryStorage, type OutboxStorage } from "./storage.js";

const STORE = "entries";
/** 2: entries belong to somebody. A page of the version before cannot read them, and so sends nobody else's. */
const VERSION = 2;
/** Some browsers never answer when they are asked to open a database. */
const OPEN_WITHIN_MS = 3_000;
const CHANGE_WITHIN_MS = 10_000;

interface Row {
  position: number;
  entry: OutboxEntry;
}

/** The best storage that this runtime has. */
export function outboxStorage(name: string): OutboxStorage {
  return new IndexedDbStorage(name);
}

export class IndexedDbStorage implements OutboxStorage {
  readonly #name: string;
  #database: Promise<IDBDatabase> | null = null;
  /** Takes over where the browser forbids to store, as some do in private windows. */
  #memory: MemoryStorage | null = null;
  #known: Entries = [];

  constructor(name: string) {
    this.#name = name;
  }

  async read(): Promise<Entries> {
    return this.change((entries) => entries);
  }

  async change(change: (entries: Entries) => Entries): Promise<Entries> {
    if (this.#memory !== null) return this.#memory.change(change);
    try {
      this.#known = await this.#tryTwice(change);
      return this.#known;
    } catch {
      return this.#remember().change(change);
    }
  }

  /** A browser may close a database by itself: it is opened once more. */
  async #tryTwice(change: (entries: Entries) => Entries): Promise<Entries> {
    try {
      return await this.#changeIn(await this.#open(), change);
    } catch {
      this.#database = null;
      return this.#changeIn(await this.#open(), change);
    }
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= within(OPEN_WITHIN_MS, openDatabase(this.#name, () => (this.#database = null)));
    return this.#database;
  }

  #changeIn(database: IDBDatabase, change: (entries: Entries) => Entries): Promise<Entries> {
    return within(CHANGE_WITHIN_MS, changeIn(database, change));
  }

  #remember(): MemoryStorage {
    // Without IndexedDB, as in Node.js, nobody expects anything to be kept.
    if (hasIndexedDb()) warn("outbox-in-memory");
    this.#memory ??= new MemoryStorage(this.#known);
    return this.#memory;
  }
}

function hasIndexedDb(): boolean {
  return Boolean(globalThis.indexedDB);
}

async function openDatabase(name: string, onClose: () => void): Promise<IDBDatabase> {
  // In a frame that may store nothing this throws.
  const request = indexedDB.open(name, VERSION);
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = () => {
      if (!request.result.objectStoreNames.contains(STORE)) request.result.createObjectStore(STORE, { keyPath: "position" });
    };
    request.onerror = () => reject(request.error ?? new Error("The database cannot be opened."));
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

async function changeIn(database: IDBDatabase, change: (entries: Entries) => Entries): Promise<Entries> {
  const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
  return new Promise((resolve, reject) => {
    const store = transaction.objectStore(STORE);
    let after: Entries = [];
    const request: IDBRequest<Row[]> = store.getAll();
    request.onsuccess = () => {
      const rows = request.result;
      after = change(rows.map((row) => row.entry));
      write(store, rows, after);
    };
    transaction.oncomplete = () => resolve(after);
    transaction.onabort = () => reject(transaction.error ?? new Error("The transaction was aborted."));
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
