/**
 * Locks across the tabs of one origin, by the Web Locks API. Without it, and where it does not work, within this page:
 * then two tabs may do the same, which their requests must bear.
 */

import { within } from "./environment.js";
import { exclusivelyHere, holdHere, isFreeHere } from "./locks/page.js";
import { answerFor, isAnswered } from "./locks/presence.js";
import { type Act, GIVEN_WITHIN_MS, NoLocks, giveUpLocks, underLock, webLocks } from "./locks/web.js";

/** Runs the action while nobody else holds the lock. */
export async function exclusively<T>(name: string, act: () => Promise<T>): Promise<T> {
  if (webLocks() === null) return exclusivelyHere(name, act);
  try {
    return await underLock(name, act);
  } catch (cause) {
    if (cause instanceof NoLocks) return exclusivelyHere(name, act);
    throw cause;
  }
}

/**
 * Waits until this tab may lead, and leads until `act` ends or another tab takes over, which `lost` tells. Rejects
 * with NoLocks where tabs cannot agree on a leader.
 */
export async function lead(name: string, act: Act<void>, signal: AbortSignal): Promise<void> {
  if (webLocks() === null) throw new NoLocks();
  await underLock(name, act, signal);
}

export { NoLocks };

/** Runs the action if nobody else holds the lock, or whoever does is asleep; else returns at once. */
export async function ifFree(name: string, act: () => Promise<void>): Promise<void> {
  const free = await take(name, { ifAvailable: true }, act);
  if (free === "given") return;
  const isFree = free === "none" ? await isFreeHere(name) : (await isAnswered(name)) === false;
  if (isFree) await act();
}

/** Holds the lock together with others until the returned function is called. */
export function hold(name: string): () => void {
  const here = holdHere(name);
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  void take(name, { mode: "shared" }, () => held);
  return () => {
    here();
    release();
  };
}

/** Holds the lock alone until the returned function is called; null when somebody else has it. */
export async function holdIfFree(name: string): Promise<(() => void) | null> {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const given = await new Promise<Taken>((resolve) => {
    const act = () => (resolve("given"), held);
    void take(name, { ifAvailable: true }, act).then(resolve);
  });
  if (given === "taken" || (given === "none" && !(await isFreeHere(name)))) return null;
  const here = given === "none" ? holdHere(name) : answerFor(name);
  return () => {
    here();
    release();
  };
}

/** How a request for a lock went: there are no locks; somebody else has it; or the action was run under it. */
type Taken = "none" | "taken" | "given";

/** Asks without waiting for others. Locks that do not answer at once to that are none. */
async function take(name: string, options: LockOptions, act: () => Promise<void>): Promise<Taken> {
  const locks = webLocks();
  if (locks === null) return "none";
  let result: Promise<void> | null = null;
  let isLate = false;
  const given = new Promise<Taken>((resolve, reject) => {
    const run = (lock: Lock | null) => {
      if (isLate) return undefined;
      resolve(lock === null ? "taken" : "given");
      return lock === null ? undefined : (result = act());
    };
    try {
      locks.request(name, options, run).catch(reject);
    } catch (cause) {
      reject(cause);
    }
  });
  try {
    const taken = await (options.ifAvailable ? within(GIVEN_WITHIN_MS, given) : given);
    if (result !== null) await result;
    return taken;
  } catch (cause) {
    // What goes wrong under the lock is not the lock's fault.
    if (result !== null) throw cause;
    isLate = true;
    giveUpLocks();
    return "none";
  }
}
