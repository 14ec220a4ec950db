/** Requests with a token and a deadline, whose failures are a Problem or a NetworkError. Knows no route. */

import { Credentials, type TokenSource } from "./credentials.js";
import { NetworkError, Problem, readProblem } from "./problem.js";

/** How long an answer's head, and the whole of a JSON answer, may take. */
const ANSWER_WITHIN_MS = 30_000;

export interface TransportOptions {
  /** Where the server is. Empty: where the page came from. */
  baseUrl?: string | URL;
  token?: TokenSource;
  fetch?: typeof fetch;
  /** Sent with every request. */
  headers?: Record<string, string>;
}

export interface SendOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export class Transport {
  readonly credentials: Credentials;
  readonly baseUrl: string;
  readonly #fetch: typeof fetch;
  readonly #headers: Record<string, string>;

  constructor(options: TransportOptions) {
    this.baseUrl = String(options.baseUrl ?? "").replace(/\/+$/, "");
    this.credentials = new Credentials(options.token);
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#headers = options.headers ?? {};
  }

  url(path: string): string {
    return `${this.baseUrl}${path}`;
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
    return this.#within(options.signal, (signal) =>
      this.#authorised(method, path, { ...options, headers, signal }),
    );
  }

  async #authorised(method: string, path: string, options: SendOptions): Promise<Response> {
    const token = await this.credentials.token();
    let response = await this.#send(method, path, token, options);
    if (response.status === 401 && this.credentials.refuse(token)) {
      await response.body?.cancel();
      response = await this.#send(method, path, await this.credentials.token(), options);
    }
    if (!response.ok) throw await readProblem(response);
    return response;
  }

  #send(method: string, path: string, token: string | null, options: SendOptions): Promise<Response> {
    const { body, headers, signal } = options;
    return this.#fetch(this.url(path), {
      method,
      cache: "no-store",
      headers: {
        ...this.#headers,
        ...(token !== null && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  async #within<T>(outer: AbortSignal | undefined, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort(outer?.reason);
    const timer = setTimeout(() => controller.abort(), ANSWER_WITHIN_MS);
    outer?.addEventListener("abort", abort);
    try {
      outer?.throwIfAborted();
      return await act(controller.signal);
    } catch (cause) {
      if (outer?.aborted) throw outer.reason;
      if (cause instanceof Problem || cause instanceof NetworkError) throw cause;
      throw new NetworkError("The server could not be reached.", { cause });
    } finally {
      clearTimeout(timer);
      outer?.removeEventListener("abort", abort);
    }
  }
}
