/**
 * What is said of each problem, by its code: what happened, and what to do about it. The one table for all views. A code
 * that is not here is told in the server's words.
 */

export interface Words {
  readonly title: string;
  readonly detail: string;
}

export interface Told extends Words {
  readonly code: string;
}

/** `detail` may be empty: then the server's is shown. */
const WORDS: Readonly<Record<string, Words>> = {
  network: { title: "The server cannot be reached", detail: "" },
  client: { title: "Something went wrong in this page", detail: "" },
  failed: { title: "The reply failed", detail: "" },
};

export function wordsOf({ code, title, detail }: Told): Words {
  const own = Object.hasOwn(WORDS, code) ? WORDS[code] : undefined;
  if (own === undefined) return { title, detail };
  return { title: own.title, detail: own.detail || detail };
}
