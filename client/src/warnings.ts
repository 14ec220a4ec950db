/** What this runtime lacks or forbids, and what is done without it: said once, to whoever wants to know. */

import { WARNING_WORDS } from "./words.js";

export type WarningCode =
  /** Unsent messages live as long as the page. */
  | "outbox-in-memory"
  /** Tabs cannot take turns: each works by itself. */
  | "locks-in-page"
  /** `fetch` gives no body while it arrives: a reply shows when it is whole. */
  | "no-streaming";

export interface EnvironmentWarning {
  readonly code: WarningCode;
  readonly detail: string;
}

let said: readonly EnvironmentWarning[] = [];
const listeners = new Set<() => void>();

/** All that was said so far. The same array until there is more. */
export function warnings(): readonly EnvironmentWarning[] {
  return said;
}

export function onWarning(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function warn(code: WarningCode): void {
  if (said.some((each) => each.code === code)) return;
  said = [...said, { code, detail: WARNING_WORDS[code] }];
  for (const listener of [...listeners]) listener();
}
