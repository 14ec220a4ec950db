"use client";
/** The client of a component that was given none: it reads the options of the last render whenever it asks for something. */

import type { RefObject } from "react";

import { TutorClient } from "../client.js";
import type { TokenSource } from "../http/credentials.js";
import type { HttpTutorStreamOptions } from "./use-http-tutor-stream.js";

type Options = HttpTutorStreamOptions;
type Latest = RefObject<Options>;

export class OwnClient {
  readonly client: TutorClient;
  readonly #latest: Latest;
  readonly #server: string;
  #token: Options["token"];
  #user: string | null;

  constructor(options: Options, latest: Latest) {
    this.#latest = latest;
    this.#server = serverOf(options);
    this.#token = options.token;
    this.#user = options.user || null;
    this.client = new TutorClient({
      baseUrl: options.baseUrl,
      // Where a page is made nothing is asked, and a server need not have an EventSource.
      streamBy: typeof window === "undefined" ? "fetch" : options.streamBy,
      EventSource: options.EventSource,
      credentials: options.credentials,
      user: options.user,
      token: this.#source(),
      fetch: (...request) => (latest.current.fetch ?? globalThis.fetch)(...request),
      headers: () => headersOf(latest.current),
    });
  }

  /** The same server, reached in the same way. */
  isFor(options: Options): boolean {
    return serverOf(options) === this.#server;
  }

  /** And the same caller, as far as one can see: functions give what they give. */
  isOf(options: Options): boolean {
    const { token } = options;
    const bothGive = typeof token === "function" && typeof this.#token === "function";
    const sameToken = bothGive || (token ?? null) === (this.#token ?? null);
    return this.isFor(options) && sameToken && (options.user || null) === this.#user;
  }

  /** Another token, or another user, is told to all chats of this client. */
  take(options: Options): void {
    if (this.isOf(options)) return;
    this.#token = options.token;
    this.#user = options.user || null;
    this.client.setCredentials({ token: this.#source(), user: this.#user });
  }

  #source(): TokenSource | null | undefined {
    const given = this.#token;
    if (typeof given !== "function") return given;
    return (request) => {
      const { token } = this.#latest.current;
      return typeof token === "function" ? token(request) : given(request);
    };
  }
}

function serverOf({ baseUrl = "", streamBy = "fetch", credentials }: Options): string {
  return JSON.stringify([String(baseUrl), streamBy, credentials ?? null]);
}

function headersOf({ headers = {} }: Options): Record<string, string> | Promise<Record<string, string>> {
  return typeof headers === "function" ? headers() : headers;
}
