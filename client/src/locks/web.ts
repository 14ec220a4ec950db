/**
 * Requests to the Web Locks API that survive what goes wrong with it: a browser that forbids it, one that never
 * answers, and a holder that sleeps. A lock is taken from who does not answer twice; who loses one is told.
 */

import { throwIfAborted } from "../environment.js";
import { warn } from "../warnings.js";
import { answerFor, isAnswered } from "./presence.js";

/** Whoever waits for a lock looks after its holder so often. */
const FIRST_LOOK_MS = 2_000;
const LOOK_EVERY_MS = 10_000;
/** Locks that nobody is in the way of are given at once. */
export const GIVEN_WITHIN_MS = 3_000;

/** Runs what needs the lock. `lost` tells that another tab has it now. */
export type Act<T> = (lost: AbortSignal) => Promise<T>;

/** The lock could not be asked for: there are none to be had here. */
export class NoLocks extends Error {}

let broken = false;

/** Null where there are none, or none that work. */
export function webLocks(): LockManager | null {
  return broken ? null : (globalThis.navigator?.locks ?? null);
}

/** From now on this page does without. */
export function giveUpLocks(): NoLocks {
  broken = true;
  warn("locks-in-page");
  return new NoLocks("Locks do not work here.");
}

interface Lease<T> {
  /** Null until the lock is given. */
  result: Promise<T> | null;
}

/** Waits for the lock; rejects with NoLocks before anything was run when there is none to be had. */
export async function underLock<T>(name: string, act: Act<T>, signal?: AbortSignal): Promise<T> {
  throwIfAborted(signal);
  const lease: Lease<T> = { result: null };
  const queued = new AbortController();
  const leave = () => queued.abort(signal?.reason);
  signal?.addEventListener("abort", leave);
  try {
    const asked = ask(name, { signal: queued.signal }, { lease, act });
    const given = await Promise.race([asked, watchHolder(name, lease, queued.signal)]);
    // Who had it sleeps, or is gone and has kept it.
    if (given === "asleep" && lease.result === null) {
      queued.abort();
      await steal(name, { lease, act });
    }
    throwIfAborted(signal);
    if (lease.result === null) throw giveUpLocks();
    return await lease.result;
  } finally {
    signal?.removeEventListener("abort", leave);
    queued.abort();
  }
}

interface Work<T> {
  lease: Lease<T>;
  act: Act<T>;
}

/** Resolves when the lock is given, or was refused. */
function ask<T>(name: string, options: LockOptions, { lease, act }: Work<T>): Promise<"given" | "refused"> {
  return new Promise((resolve) => {
    const lost = new AbortController();
    const run = () => {
      const silence = answerFor(name);
      lease.result = act(lost.signal).finally(silence);
      resolve("given");
      return lease.result;
    };
    try {
      const request = (webLocks()?.request(name, options, run) ?? Promise.reject(new NoLocks())) as Promise<unknown>;
      // Also when the lock is stolen, while the work goes on.
      request.then(() => resolve("refused"), () => (lost.abort(), resolve("refused")));
    } catch {
      resolve("refused");
    }
  });
}

async function steal<T>(name: string, work: Work<T>): Promise<void> {
  const patience = new Promise<void>((resolve) => setTimeout(resolve, GIVEN_WITHIN_MS));
  await Promise.race([ask(name, { steal: true }, work), patience]);
}

/** Resolves when the holder did not answer twice in a row; never when there is nobody to ask. */
async function watchHolder<T>(name: string, lease: Lease<T>, signal: AbortSignal): Promise<"asleep"> {
  let missed = 0;
  for (let wait = FIRST_LOOK_MS; ; wait = missed > 0 ? 0 : LOOK_EVERY_MS) {
    await passing(wait, signal);
    if (signal.aborted || lease.result !== null) return new Promise(() => {});
    // Nobody looks at a hidden page: what it waits for may wait.
    if (globalThis.document?.visibilityState === "hidden") continue;
    const answered = await isAnswered(name);
    if (answered === null) return new Promise(() => {});
    missed = answered ? 0 : missed + 1;
    if (missed >= 2) return "asleep";
  }
}

function passing(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
