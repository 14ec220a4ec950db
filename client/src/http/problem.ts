/** What can go wrong with a request: a refusal by the server, or no answer from it. */

/** The document of a refusal, RFC 9457. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** Stable; listed in the server's `docs/http-api.md`. */
  code: string;
  requestId: string | null;
}

/** The server refused the request. */
export class Problem extends Error implements ProblemDocument {
  override readonly name = "Problem";
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string | null;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** What stands in the way: the running turn of a busy session. */
  readonly location: string | null;

  constructor(document: ProblemDocument, headers: Headers = new Headers()) {
    super(document.detail || document.title);
    this.type = document.type;
    this.title = document.title;
    this.status = document.status;
    this.detail = document.detail;
    this.code = document.code;
    this.requestId = document.requestId;
    this.retryAfterMs = readRetryAfter(headers.get("Retry-After"));
    this.location = headers.get("Location");
  }

  /** The same request may succeed later. */
  get retryable(): boolean {
    return this.status === 408 || this.status === 429 || (this.status >= 500 && this.status !== 501);
  }
}

/** The server could not be reached, or the connection broke. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly code = "network";
  readonly retryable = true;
}

/** What was written by one user was not sent, since the client acts as another one now. */
export class WrongUserError extends Error {
  override readonly name = "WrongUserError";
  readonly code = "wrong-user";
  readonly retryable = false;
}

/** Reads a refusal whatever its body is: a proxy in between answers with pages of its own. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const fields = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (name: string, otherwise: string) => {
    const value = fields[name];
    return typeof value === "string" ? value : otherwise;
  };
  const document = {
    type: text("type", "about:blank"),
    title: text("title", response.statusText || "The server refused the request"),
    status: response.status,
    detail: text("detail", ""),
    code: text("code", `http-${response.status}`),
    requestId: text("requestId", "") || null,
  };
  return new Problem(document, response.headers);
}

/** Seconds or a date (RFC 9110, section 10.2.3), in milliseconds from now. */
export function readRetryAfter(value: string | null): number | null {
  if (value === null || value.trim() === "") return null;
  const seconds = Number(value);
  const milliseconds = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}
