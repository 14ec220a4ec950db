// Reads a text/event-stream body: CR, LF or CRLF line ends, comments, any split of the bytes.
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

const MAX_LINE = 8 * 1024 * 1024;

/** The connection ended or fell silent before the stream said it was done. */
export class StreamCutError extends Error {}

export class EventStreamParser {
  #rest = "";
  #afterCr = false;
  #event = { id: null, type: "", data: [] };
  #onEvent;

  constructor(onEvent) {
    this.#onEvent = onEvent;
  }

  push(chunk) {
    if (chunk === "") return;
    const text = this.#afterCr && chunk[0] === "\n" ? chunk.slice(1) : chunk;
    this.#afterCr = chunk.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = lines.pop();
    if (this.#rest.length > MAX_LINE) throw new StreamCutError("line too long");
    lines.forEach((line) => this.#readLine(line));
  }

  #readLine(line) {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event.type = value;
    else if (field === "data") this.#event.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#event.id = value;
  }

  #dispatch() {
    const { id, type, data } = this.#event;
    this.#event = { id: null, type: "", data: [] };
    if (data.length > 0) this.#onEvent({ id, type: type || "message", data: data.join("\n") });
  }
}

/** Yields `{id, type, data}`; throws StreamCutError when the body breaks or is silent for `idleMs`. */
export async function* readEvents(body, { idleMs }) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const ready = [];
  const parser = new EventStreamParser((event) => ready.push(event));
  try {
    for (;;) {
      const { done, value } = await readWithin(reader, idleMs);
      if (done) return;
      parser.push(decoder.decode(value, { stream: true }));
      yield* ready.splice(0);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function readWithin(reader, idleMs) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new StreamCutError("silent")), idleMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (cause) {
    throw cause instanceof StreamCutError ? cause : new StreamCutError("cut", { cause });
  } finally {
    clearTimeout(timer);
  }
}
