/** Locks within this page, for where there are none across tabs. Other pages are asked, and not waited for. */

import { answerFor, isAnswered } from "./presence.js";

/** A page that has just been loaded should not wait for long for others that may not be there. */
const ANSWER_WITHIN_MS = 300;

const queues = new Map<string, Promise<unknown>>();
const holders = new Map<string, number>();

export function exclusivelyHere<T>(name: string, act: () => Promise<T>): Promise<T> {
  const before = queues.get(name) ?? Promise.resolve();
  const result = before.then(act, act);
  queues.set(name, result);
  const forget = () => queues.get(name) === result && queues.delete(name);
  result.then(forget, forget);
  return result;
}

export async function isFreeHere(name: string): Promise<boolean> {
  if (holders.has(name)) return false;
  return (await isAnswered(name, ANSWER_WITHIN_MS)) !== true && !holders.has(name);
}

/** Holds the lock together with others of this page. */
export function holdHere(name: string): () => void {
  const silence = answerFor(name);
  holders.set(name, (holders.get(name) ?? 0) + 1);
  let held = true;
  return () => {
    const left = (holders.get(name) ?? 0) - (held ? 1 : 0);
    held = false;
    silence();
    if (left > 0) holders.set(name, left);
    else holders.delete(name);
  };
}
