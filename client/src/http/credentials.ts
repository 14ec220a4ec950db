/** The caller's token: asked for once, kept, and asked for again when the server refuses it. */

import { NetworkError } from "./problem.js";

export interface TokenRequest {
  /** The token that the server has refused, if that is why a token is asked for. */
  refused: string | null;
}

/** A token, or what gives one; null sends none. */
export type TokenSource = string | ((request: TokenRequest) => string | null | Promise<string | null>);

export class Credentials {
  readonly #source: TokenSource | undefined;
  #asking: Promise<string | null> | null = null;
  #known: string | null = null;
  #refused: string | null = null;

  constructor(source?: TokenSource) {
    this.#source = source;
  }

  /** Requests at the same time share one answer of the source. */
  token(): Promise<string | null> {
    this.#asking ??= this.#ask().catch((cause: unknown) => {
      this.#asking = null;
      throw new NetworkError("There is no token for the request.", { cause });
    });
    return this.#asking;
  }

  /** The server has refused this token. Says whether there may be another one. */
  refuse(token: string | null): boolean {
    if (typeof this.#source !== "function") return false;
    // Another request may have had it renewed already.
    if (token === this.#known) {
      this.#refused = token;
      this.#asking = null;
    }
    return true;
  }

  /** The server has ended a stream because the token has expired. */
  expire(): void {
    this.refuse(this.#known);
  }

  async #ask(): Promise<string | null> {
    const source = this.#source;
    this.#known = typeof source === "function" ? await source({ refused: this.#refused }) : (source ?? null);
    return this.#known;
  }
}
