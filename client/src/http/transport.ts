/** Requests with a token and a deadline, whose failures are a Problem or a NetworkError. Knows no route. */

import { Credentials, type TokenSource } from "./credentials.js";
import { throwIfAborted } from "../environment.js";
import type { Owner } from "../identity/owner.js";
import { NetworkError, Problem, WrongUserError, readProblem } from "./problem.js";

/** How long an answer's head, and the whole of a JSON answer, may take. */
const ANSWER_WITHIN_MS = 30_000;

export interface TransportOptions {
  /** Where the server is. Empty: where the page came from. */
  baseUrl?: string | URL | undefined;
  token?: TokenSource | null | undefined;
  /**
   * The user that the token stands for, where the application knows: what is kept in the browser is kept by user.
   * Default: as the server says.
   */
  user?: string | null | undefined;
  fetch?: typeof fetch | undefined;
  /** Sent with every request; a function is asked before each. */
  headers?: HeaderSource | undefined;
  /** Whether cookies go to another origin, as `fetch` takes it. */
  credentials?: RequestCredentials | undefined;
}

export type HeaderSource = Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);

/** What the transport tells of, and asks, about who acts. */
export interface CallerWatch {
  /** The token before has expired or was refused, and this one is used from now on. */
  onRenewed(token: string | null): void;
  mayAct(owner: Owner, token: string | null): Promise<boolean>;
}

export interface SendOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Who wrote what is sent: under no other user. */
  owner?: Owner | undefined;
}

type Requesting<T> = (signal: AbortSignal, abort: () => void) => Promise<T>;

export class Transport {
  /** Set by who knows the caller. */
  watch: CallerWatch | null = null;
  readonly credentials: Credentials;
  readonly baseUrl: string;
  readonly #aborts = new WeakMap<Response, () => void>();
  #fetch: typeof fetch;
  #headers: HeaderSource;
  #cookies: RequestCredentials | undefined;
  /** The token of the last request; undefined before the first one. */
  #presented: string | null | undefined;

  constructor(options: TransportOptions) {
    this.baseUrl = String(options.baseUrl ?? "").replace(/\/+$/, "");
    this.credentials = new Credentials(options.token);
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#headers = options.headers ?? {};
    this.#cookies = options.credentials;
  }

  url(path: string): string {
    return `${this.baseUrl}${path}`;
  }

  /** Somebody else, or another token, from now on. */
  replaceToken(token: TokenSource | null | undefined): void {
    this.credentials.replace(token);
    this.#presented = undefined;
  }

  /** Both say outright who asks, and what they send with each request is the same. */
  isPlainAs(other: Transport): boolean {
    const [mine, theirs] = [this.#headers, other.#headers];
    if (typeof mine === "function" || typeof theirs === "function" || !this.credentials.isPlain) return false;
    const names = Object.keys({ ...mine, ...theirs });
    return this.#cookies === other.#cookies && names.every((name) => mine[name] === theirs[name]);
  }

  /** Asks as the other one does. */
  takeOver(other: Transport): void {
    this.#fetch = other.#fetch;
    this.#headers = other.#headers;
    this.#cookies = other.#cookies;
    this.credentials.takeOver(other.credentials);
  }

  /** The answer's JSON; undefined for 204. */
  json<T>(method: string, path: string, options: SendOptions = {}): Promise<T> {
    return this.#within(options.signal, async (signal) => {
      const response = await this.#authorised(method, path, { ...options, signal });
      return (response.status === 204 ? undefined : await response.json()) as T;
    });
  }

  /** A stream whose body is not read yet. The signal counts until then; cancel the body to close it. */
  stream(method: string, path: string, options: SendOptions = {}): Promise<Response> {
    const headers = { Accept: "text/event-stream", ...options.headers };
    return this.#within(options.signal, async (signal, abort) => {
      const response = await this.#authorised(method, path, { ...options, headers, signal });
      this.#aborts.set(response, abort);
      return response;
    });
  }

  /** Closes a stream whose body cannot be cancelled. */
  abandon(response: Response): void {
    this.#aborts.get(response)?.();
  }

  /** Whether anything answers there, however it does. */
  async reaches(path: string, withinMs: number): Promise<boolean> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), withinMs);
    try {
      await this.#fetch(this.url(path), { cache: "no-store", signal: controller.signal });
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  async #authorised(method: string, path: string, options: SendOptions): Promise<Response> {
    const token = await this.#token();
    let response = await this.#send(method, path, token, options);
    if (response.status === 401 && this.credentials.refuse(token)) {
      await response.body?.cancel();
      response = await this.#send(method, path, await this.#token(), options);
    }
    if (!response.ok) throw await readProblem(response);
    return response;
  }

  async #token(): Promise<string | null> {
    const token = await this.credentials.token();
    const before = this.#presented;
    this.#presented = token;
    if (before !== undefined && before !== token) this.watch?.onRenewed(token);
    return token;
  }

  async #send(method: string, path: string, token: string | null, options: SendOptions): Promise<Response> {
    const { body, headers, signal, owner } = options;
    const own = typeof this.#headers === "function" ? await this.#headers() : this.#headers;
    if (owner && this.watch && !(await this.watch.mayAct(owner, token))) {
      throw new WrongUserError("Somebody else is signed in than who wrote this.");
    }
    return this.#fetch(this.url(path), {
      method,
      cache: "no-store",
      ...(this.#cookies && { credentials: this.#cookies }),
      headers: {
        ...own,
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  async #within<T>(outer: AbortSignal | undefined, act: Requesting<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort(outer?.reason);
    const timer = setTimeout(() => controller.abort(), ANSWER_WITHIN_MS);
    outer?.addEventListener("abort", abort);
    try {
      throwIfAborted(outer);
      return await act(controller.signal, abort);
    } catch (cause) {
      throwIfAborted(outer);
      if (cause instanceof Problem || cause instanceof NetworkError || cause instanceof WrongUserError) throw cause;
      throw new NetworkError("The server could not be reached.", { cause });
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    }
  }
}
