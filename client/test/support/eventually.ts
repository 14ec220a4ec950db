/** Waits for what happens. How long it takes on a busy machine proves nothing: the limit only says when to give up. */

import { vi } from "vitest";

const PATIENCE_MS = 20_000;

/** Resolves with what `check` gives when it throws no more. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: PATIENCE_MS });
}
