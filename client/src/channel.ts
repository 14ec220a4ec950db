/** Channels between the pages of one origin. */

/** Null where pages cannot talk: in old browsers, and in frames that are forbidden to. */
export function openChannel(name: string): BroadcastChannel | null {
  try {
    return typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : null;
  } catch {
    return null;
  }
}
