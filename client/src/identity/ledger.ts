/** Which user the server named last for each drawer: kept in the browser, for the times without a server. */

const MOST_DRAWERS = 64;

export class Ledger {
  readonly #key: string;
  /** For pages that may not store anything. */
  #memory: Record<string, string> = {};

  constructor(baseUrl: string) {
    this.#key = `tutorstream.users:${baseUrl}`;
  }

  userOf(drawer: string): string | null {
    const users = this.#read();
    return Object.hasOwn(users, drawer) ? (users[drawer] ?? null) : null;
  }

  note(drawer: string, user: string): void {
    if (this.userOf(drawer) === user) return;
    const { [drawer]: _before, ...others } = this.#read();
    const users = Object.fromEntries([...Object.entries(others), [drawer, user]].slice(-MOST_DRAWERS));
    this.#memory = users;
    try {
      globalThis.localStorage?.setItem(this.#key, JSON.stringify(users));
    } catch {
      // Storage may be forbidden or full.
    }
  }

  #read(): Record<string, string> {
    try {
      const kept: unknown = JSON.parse(globalThis.localStorage?.getItem(this.#key) ?? "null");
      if (typeof kept === "object" && kept !== null) return kept as Record<string, string>;
    } catch {
      // As above; or it is not what we wrote.
    }
    return this.#memory;
  }
}
