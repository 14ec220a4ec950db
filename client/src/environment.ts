/**
 * What the runtime around us tells: whether there is a network, and when it, or the reader, comes back. Looks at
 * globals when it is called, never at import, and does without those that are missing.
 */

export type WakeCause = "online" | "visible";

/** False only when the runtime knows that there is no network. */
export function isOnline(): boolean {
  return globalThis.navigator?.onLine !== false;
}

/** Calls the listener when the network or the reader is back. Returns what ends that. */
export function onWake(listener: (cause: WakeCause) => void): () => void {
  const online = () => listener("online");
  const page = globalThis.document;
  const visible = () => {
    if (page.visibilityState === "visible") listener("visible");
  };
  globalThis.addEventListener?.("online", online);
  page?.addEventListener("visibilitychange", visible);
  return () => {
    globalThis.removeEventListener?.("online", online);
    page?.removeEventListener("visibilitychange", visible);
  };
}

/** Waits so long, or until the network or the reader is back. Rejects with the signal's reason. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason ?? aborted());
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      stopListening();
      signal?.removeEventListener("abort", abort);
      settle();
    };
    const abort = () => finish(() => reject(signal?.reason ?? aborted()));
    const timer = setTimeout(() => finish(resolve), milliseconds);
    const stopListening = onWake(() => finish(resolve));
    signal?.addEventListener("abort", abort);
  });
}

/** What the promise gives, or an error when that takes longer. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("There was no answer in time.")), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `AbortSignal.prototype.throwIfAborted`, which React Native has not. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason ?? aborted();
}

/** What an operation ends with that was given up. */
export function aborted(): Error {
  const error = new Error("The operation was aborted.");
  error.name = "AbortError";
  return error;
}

/**
 * A new name that nobody else gives. `randomUUID` is missing where a page was loaded over plain HTTP, and all of
 * `crypto` in React Native: a name need not be secret, only its own.
 */
export function newKey(): string {
  const source = globalThis.crypto as Crypto | undefined;
  if (typeof source?.randomUUID === "function") return source.randomUUID();
  const bytes = new Uint8Array(16);
  if (typeof source?.getRandomValues === "function") source.getRandomValues(bytes);
  else bytes.forEach((_zero, at) => (bytes[at] = Math.floor(Math.random() * 256)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
