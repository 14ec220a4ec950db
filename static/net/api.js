// The server's routes as functions. Every failure is an ApiError that carries the problem document.

const HEADERS_WITHIN_MS = 30_000;

export class ApiError extends Error {
  constructor({ status = 0, code, title, detail = "", requestId = null, retryAfterMs = null, location = null }) {
    super(title);
    Object.assign(this, { status, code, title, detail, requestId, retryAfterMs, location });
  }

  /** Worth another try by itself: nothing about the request was wrong. */
  get transient() {
    return this.status === 0 || this.status === 429 || (this.status >= 500 && this.status !== 501);
  }
}

export async function send(method, path, { body, headers = {}, signal } = {}) {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), HEADERS_WITHIN_MS);
  const options = {
    method,
    cache: "no-store",
    headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal,
  };
  try {
    const response = await fetch(path, options);
    if (!response.ok) throw await readProblem(response);
    return response;
  } catch (cause) {
    if (cause instanceof ApiError || signal?.aborted) throw cause;
    throw unreachable();
  } finally {
    clearTimeout(timer);
  }
}

function unreachable() {
  return new ApiError({
    code: "network",
    title: "Can’t reach the server",
    detail: "Check that it is running and that you are connected.",
  });
}

async function readProblem(response) {
  const problem = await response.json().catch(() => ({}));
  return new ApiError({
    status: response.status,
    code: problem.code ?? `http-${response.status}`,
    title: problem.title ?? "The server refused the request",
    detail: problem.detail ?? "",
    requestId: problem.requestId ?? response.headers.get("X-Request-Id"),
    retryAfterMs: readRetryAfter(response.headers.get("Retry-After")),
    location: response.headers.get("Location"),
  });
}

function readRetryAfter(value) {
  if (value === null) return null;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

async function json(method, path, options) {
  const response = await send(method, path, options);
  if (response.status === 204) return null;
  return response.json().catch(() => {
    throw unreachable();
  });
}

const part = encodeURIComponent;
const query = (cursor) => (cursor ? `?cursor=${part(cursor)}` : "");

export const listSessions = (cursor) => json("GET", `/sessions${query(cursor)}`);
export const getSession = (id) => json("GET", `/sessions/${part(id)}`);
export const updateSession = (id, body) => json("PATCH", `/sessions/${part(id)}`, { body });
export const deleteSession = (id) => json("DELETE", `/sessions/${part(id)}`);
export const getFocus = (id) => json("GET", `/sessions/${part(id)}/focus`);
export const listMessages = (id, cursor) => json("GET", `/sessions/${part(id)}/messages${query(cursor)}`);
export const stopTurn = (id) => json("POST", `/turns/${part(id)}/stop`);

export const openChat = (body, signal) => stream("POST", "/stream-chat", { body, signal });

export const openContinue = (turnId, key, signal) =>
  stream("POST", `/turns/${part(turnId)}/continue`, { headers: { "Idempotency-Key": key }, signal });

export const openRegenerate = (sessionId, messageId, key, signal) =>
  stream("POST", `/sessions/${part(sessionId)}/messages/${part(messageId)}/regenerate`, {
    headers: { "Idempotency-Key": key },
    signal,
  });

export const openTurnEvents = (turnId, lastEventId, signal) =>
  stream("GET", `/turns/${part(turnId)}/events`, {
    headers: lastEventId > 0 ? { "Last-Event-ID": String(lastEventId) } : {},
    signal,
  });

function stream(method, path, { headers, ...options }) {
  return send(method, path, { ...options, headers: { Accept: "text/event-stream", ...headers } });
}
