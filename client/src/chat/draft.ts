/** The name of a conversation that has no session yet: kept for the tab, so that a reload finds what was written. */

import { newKey } from "../environment.js";

const KEY = "tutorstream.draft";

export function draftName(): string {
  const fresh = `draft:${newKey()}`;
  try {
    const kept = globalThis.sessionStorage?.getItem(KEY);
    if (kept) return kept;
    globalThis.sessionStorage?.setItem(KEY, fresh);
  } catch {
    // Storage may be forbidden: the draft then lives as long as the page.
  }
  return fresh;
}

/** The draft has become a session: the next one begins anew. */
export function endDraft(name: string): void {
  try {
    if (globalThis.sessionStorage?.getItem(KEY) === name) sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}
