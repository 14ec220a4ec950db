/** The caller's token: asked for once, kept, and asked for again when the server refuses it. */

import { NetworkError } from "./problem.js";

export interface TokenRequest {
  /** The token that the server has refused, if that is why a token is asked for. */
  refused: string | null;
}

/** A token, or what gives one; null or nothing sends none. */
export type TokenSource =
  | string
  | ((request: TokenRequest) => string | null | undefined | Promise<string | null | undefined>);

export class Credentials {
  #source: TokenSource | null | undefined;
  #asking: Promise<string | null> | null = null;
  /** The source has been asked and has not answered yet: somebody may be typing. */
  #isPending = false;
  #known: string | null = null;
  #refused: string | null = null;

  constructor(source?: TokenSource | null) {
    this.#source = source;
  }

  /** Another source from now on: what the one before gave is not used again. */
  replace(source: TokenSource | null | undefined): void {
    this.#source = source;
    this.#asking = null;
    this.#known = null;
    this.#refused = null;
  }

  /** The same token, or two functions: what they give is not known. */
  isLike(credentials: Credentials): boolean {
    const [mine, other] = [this.#source, credentials.#source];
    return (typeof mine === "function" && typeof other === "function") || (mine ?? null) === (other ?? null);
  }

  /** There is one token, or none: not what gives it. */
  get isPlain(): boolean {
    return typeof this.#source !== "function";
  }

  /** Asks as the other ones do, from the next time on. */
  takeOver(other: Credentials): void {
    this.#source = other.#source;
  }

  /** Requests at the same time share one answer of the source. */
  token(): Promise<string | null> {
    if (this.#asking !== null) return this.#asking;
    this.#isPending = true;
    const asking: Promise<string | null> = this.#ask().then(
      (token) => {
        // Another source has taken over.
        if (this.#asking !== asking) return this.token();
        this.#isPending = false;
        return (this.#known = token);
      },
      (cause: unknown) => {
        if (this.#asking !== asking) return this.token();
        this.#isPending = false;
        this.#asking = null;
        throw new NetworkError("There is no token for the request.", { cause });
      },
    );
    this.#asking = asking;
    return asking;
  }

  /** The server has refused this token. Says whether there may be another one. */
  refuse(token: string | null): boolean {
    if (typeof this.#source !== "function") return false;
    // Another request may have had it renewed already, or be about to.
    if (token === this.#known && !this.#isPending) {
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
    return (typeof source === "function" ? await source({ refused: this.#refused }) : source) ?? null;
  }
}
