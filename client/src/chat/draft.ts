/**
 * The names of conversations that have no session yet: kept for the tab, so that a reload finds what was written. No
 * two chats share one, in one tab or in two: what is kept for a tab is copied when the tab is.
 */

import { newKey } from "../environment.js";
import { holdIfFree } from "../locks.js";

export interface HeldDraft {
  readonly name: string;
  /** Others may have it. A new name in which nothing was written is forgotten. */
  release(isWrittenIn: boolean): void;
  /** It has become a session. */
  end(): void;
}

/** `scope` tells servers and users apart; `preferred` is one that this chat has had before. */
export async function claimDraft(scope: string, preferred: string | null): Promise<HeldDraft> {
  const kept = readNames(scope);
  const fresh = `draft:${newKey()}`;
  for (const name of [...(preferred === null ? [] : [preferred]), ...kept, fresh]) {
    const release = await holdIfFree(`tutorstream-draft:${scope}:${name}`);
    if (release === null) continue;
    changeNames(scope, (names) => (names.includes(name) ? names : [...names, name]));
    const end = () => {
      changeNames(scope, (names) => names.filter((each) => each !== name));
      release();
    };
    return { name, release: (isWrittenIn) => (name === fresh && !isWrittenIn ? end() : release()), end };
  }
  // Nobody else can have the fresh one, so only a lock that does not work comes here.
  return { name: fresh, release: () => {}, end: () => {} };
}

const keyOf = (scope: string) => `tutorstream.drafts:${scope}`;

function readNames(scope: string): readonly string[] {
  try {
    const kept: unknown = JSON.parse(globalThis.sessionStorage?.getItem(keyOf(scope)) ?? "[]");
    return Array.isArray(kept) ? kept.filter((name) => typeof name === "string") : [];
  } catch {
    // Storage may be forbidden: drafts then live as long as the page.
    return [];
  }
}

function changeNames(scope: string, change: (names: readonly string[]) => readonly string[]): void {
  const names = change(readNames(scope));
  try {
    if (names.length > 0) globalThis.sessionStorage?.setItem(keyOf(scope), JSON.stringify(names));
    else globalThis.sessionStorage?.removeItem(keyOf(scope));
  } catch {
    // As above.
  }
}
