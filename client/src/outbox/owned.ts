/**
 * The part of an outbox that belongs to one owner. Others' messages are neither given out nor changed; of what nobody
 * can claim only its name and its time are told.
 */

import { NOBODY, type Owner, isSameOwner } from "../identity/owner.js";
import { type Entries, type OutboxEntry, readEntry, writerOf } from "./entry.js";
import type { OutboxStorage } from "./storage.js";

/** A message whose writer nobody knows, and who cannot prove to be it by signing in. */
export interface UnclaimedMessage {
  readonly clientMessageId: string;
  readonly createdAt: string;
}

/** Null: all of it, whoever wrote it. */
export function isMine(entry: OutboxEntry, owner: Owner | null): boolean {
  const writer = writerOf(entry);
  return owner === null || (writer !== null && isSameOwner(writer, owner));
}

export class OwnedStorage implements OutboxStorage {
  readonly #storage: OutboxStorage;
  readonly #owner: () => Owner | null;

  constructor(storage: OutboxStorage, owner: () => Owner | null) {
    this.#storage = storage;
    this.#owner = owner;
  }

  async read(): Promise<Entries> {
    return this.#own((await this.#storage.read()).map(readEntry));
  }

  async change(change: (entries: Entries) => Entries): Promise<Entries> {
    const all = await this.#storage.change((kept) => {
      const entries = kept.map(readEntry);
      const mine = new Set(this.#own(entries));
      const before = entries.filter((entry) => mine.has(entry));
      const after = change(before);
      if (after === before) return kept;
      return merge(kept, entries, before, after);
    });
    return this.#own(all.map(readEntry));
  }

  #own(entries: Entries): Entries {
    const owner = this.#owner();
    return owner === null ? entries : entries.filter((entry) => isMine(entry, owner));
  }
}

/** Others' entries stay the same objects, in their places: what has not changed is not written again. */
function merge(kept: Entries, entries: Entries, before: Entries, after: Entries): Entries {
  const own = new Set(before);
  const changed = [...after];
  const merged = entries.flatMap((entry, at): Entries => {
    if (!own.has(entry)) return [kept[at] ?? entry];
    const next = changed.shift();
    return next ? [next] : [];
  });
  return [...merged, ...changed];
}

/** The server has named the owner: what lies in the drawer, or was written in this time of this page, is theirs. */
export function claim(entries: Entries, owner: Owner, writtenIn: string): Entries {
  const { user } = owner;
  if (user === null) return entries;
  return entries.map((kept) => {
    const entry = readEntry(kept);
    const unnamed = entry.user === null && (entry.drawer === owner.drawer || isFromHere(entry, writtenIn));
    // An application that has said the user to an earlier version has said who wrote it.
    const told = entry.drawer === null && entry.userId === user;
    return unnamed || told ? { ...entry, drawer: owner.drawer, user } : kept;
  });
}

function isFromHere(entry: OutboxEntry, writtenIn: string): boolean {
  return entry.drawer === NOBODY && entry.writtenIn === writtenIn;
}

/** What no sign-in can claim: whoever it was, the server has not named them, and their token told no name. */
export function unclaimed(entries: Entries, owner: Owner): UnclaimedMessage[] {
  const nobodys = ({ drawer, user }: OutboxEntry) =>
    user === null && (drawer === null || drawer === NOBODY || drawer.startsWith("token:"));
  return entries
    .map(readEntry)
    .filter((entry) => nobodys(entry) && !isMine(entry, owner))
    .map(({ clientMessageId, createdAt }) => ({ clientMessageId, createdAt }));
}
