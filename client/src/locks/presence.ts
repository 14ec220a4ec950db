/**
 * Whether whoever holds a lock is awake: asked over a channel of the lock's name. A tab that the system has suspended
 * keeps its locks and does not answer.
 */

import { openChannel } from "../channel.js";

/** A page that is alive answers within this time, unless it is very busy. */
export const ANSWER_WITHIN_MS = 2_000;

type Message = "who holds it?" | "I do";

const channelOf = (lock: string) => `tutorstream-lock:${lock}`;

/** Answers for a lock until the returned function is called. */
export function answerFor(lock: string): () => void {
  const channel = openChannel(channelOf(lock));
  if (channel === null) return () => {};
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data === "who holds it?") channel.postMessage("I do" satisfies Message);
  };
  return () => channel.close();
}

/** Whether another page answers for the lock. Null where pages cannot talk. */
export async function isAnswered(lock: string, withinMs = ANSWER_WITHIN_MS): Promise<boolean | null> {
  const channel = openChannel(channelOf(lock));
  if (channel === null) return null;
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      channel.onmessage = ({ data }: MessageEvent<Message>) => {
        if (data !== "I do") return;
        clearTimeout(timer);
        resolve(true);
      };
      channel.postMessage("who holds it?" satisfies Message);
    });
  } finally {
    channel.close();
  }
}
