/** Locks across the tabs of one origin, by the Web Locks API; without it, within this page. */

/** Runs the action while nobody else holds the lock. */
export function exclusively<T>(name: string, act: () => Promise<T>): Promise<T> {
  const { locks } = globalThis.navigator ?? {};
  return locks ? (locks.request(name, act) as Promise<T>) : inTurn(name, act);
}

/** Runs the action if nobody else holds the lock; else returns at once. */
export async function ifFree(name: string, act: () => Promise<void>): Promise<void> {
  const { locks } = globalThis.navigator ?? {};
  if (locks) await locks.request(name, { ifAvailable: true }, async (lock) => lock && act());
  else if (!holders.has(name)) await act();
}

/** Holds the lock together with others until the returned function is called. */
export function hold(name: string): () => void {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return holdHere(name);
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  void locks.request(name, { mode: "shared" }, () => held);
  return release;
}

const queues = new Map<string, Promise<unknown>>();
const holders = new Map<string, number>();

function inTurn<T>(name: string, act: () => Promise<T>): Promise<T> {
  const before = queues.get(name) ?? Promise.resolve();
  const result = before.then(act, act);
  queues.set(name, result);
  const forget = () => queues.get(name) === result && queues.delete(name);
  result.then(forget, forget);
  return result;
}

function holdHere(name: string): () => void {
  holders.set(name, (holders.get(name) ?? 0) + 1);
  let held = true;
  return () => {
    const left = (holders.get(name) ?? 0) - (held ? 1 : 0);
    held = false;
    if (left > 0) holders.set(name, left);
    else holders.delete(name);
  };
}
