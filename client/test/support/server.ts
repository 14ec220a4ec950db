/** A server that does what a test says, behind `fetch`: its streams pause, end and break when told to. */

export interface Recorded {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

export type Answer = Response | ((request: Recorded, signal: AbortSignal | undefined) => Response | Promise<Response>);

const encoder = new TextEncoder();

/** The body of a stream in a test's hands. */
export class FakeStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly cancelled: Promise<void>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(...text: string[]) {
    let cancel = () => {};
    this.cancelled = new Promise((resolve) => (cancel = resolve));
    this.body = new ReadableStream({ start: (controller) => void (this.#controller = controller), cancel });
    if (text.length > 0) this.send(...text);
  }

  send(...text: string[]): this {
    for (const each of text) this.#controller.enqueue(encoder.encode(each));
    return this;
  }

  /** The body ends as if all were said. */
  end(): this {
    this.#controller.close();
    return this;
  }

  /** The connection breaks. */
  break(): this {
    this.#controller.error(new TypeError("terminated"));
    return this;
  }

  response(headers: Record<string, string> = {}): Response {
    return new Response(this.body, { headers: { "Content-Type": "text/event-stream", ...headers } });
  }
}

export class FakeServer {
  readonly requests: Recorded[] = [];
  readonly #answers = new Map<string, Answer[]>();
  readonly #standing = new Map<string, (request: Recorded) => Response | Promise<Response>>();
  #waiting: (() => void)[] = [];

  /** Queues answers to `METHOD /path`. */
  next(route: string, ...answers: Answer[]): this {
    this.#answers.set(route, [...(this.#answers.get(route) ?? []), ...answers]);
    return this;
  }

  /** What answers when nothing is queued. */
  always(route: string, answer: (request: Recorded) => Response | Promise<Response>): this {
    this.#standing.set(route, answer);
    return this;
  }

  /** Requests to a route so far. */
  to(route: string): Recorded[] {
    return this.requests.filter(({ method, path }) => `${method} ${path}` === route);
  }

  /** Waits until a route was asked so often. */
  async asked(route: string, times = 1): Promise<void> {
    while (this.to(route).length < times) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(String(input));
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
    const method = init.method ?? "GET";
    const path = url.pathname + url.search;
    const recorded = { method, path, headers: new Headers(init.headers), body };
    this.requests.push(recorded);
    for (const wake of this.#waiting.splice(0)) wake();
    init.signal?.throwIfAborted();
    const route = `${method} ${path}`;
    const answer = this.#answers.get(route)?.shift() ?? this.#standing.get(route);
    if (answer === undefined) return problem(404, "not-found");
    const signal = init.signal ?? undefined;
    return abortable(Promise.resolve(typeof answer === "function" ? answer(recorded, signal) : answer), signal);
  };
}

function abortable<T>(value: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
    value.then(resolve, reject);
  });
}

/** No connection. */
export function unreachable(): Response {
  throw new TypeError("fetch failed");
}

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const document = { type: "about:blank", title: "Refused", status, detail: `It is ${code}.`, code, requestId: "r1" };
  const all = { "Content-Type": "application/problem+json", ...headers };
  return new Response(JSON.stringify(document), { status, headers: all });
}
