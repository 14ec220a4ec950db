/** What this runtime lacks or forbids, and what is done without it: said once, to whoever wants to know. */

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

const DETAILS: Record<WarningCode, string> = {
  "outbox-in-memory": "This browser does not let the page store anything: what is not sent yet is lost when the page is closed.",
  "locks-in-page": "This browser does not let tabs take turns: use one tab for each conversation.",
  "no-streaming":
    "This runtime gives no body while it arrives, so a reply shows when it is whole. With streamBy: \"event-source\" it streams.",
};

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
  said = [...said, { code, detail: DETAILS[code] }];
  for (const listener of [...listeners]) listener();
}
