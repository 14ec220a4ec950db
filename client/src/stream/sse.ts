/**
 * Reads a text/event-stream: CR, LF or CRLF, comments, `retry`, any split.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 * Unlike an EventSource it gives a frame the id of its own only, and counts bytes of comments as life.
 */

/** Longest line in UTF-16 units: a reply of 2 MiB in one event, with room for its escapes. */
const LONGEST_LINE = 16 * 1024 * 1024;

/** One event as it came over the wire. */
export interface Frame {
  type: string;
  data: string;
  /** Null when the frame has none. */
  id: string | null;
}

export interface SseListener {
  onFrame(frame: Frame): void;
  /** The server asks for this pause, in milliseconds, before a new connection. */
  onRetry(milliseconds: number): void;
}

export class SseParser {
  readonly #listener: SseListener;
  #unfinished: string[] = [];
  #unfinishedLength = 0;
  #afterCarriageReturn = false;
  #type = "";
  #data: string[] = [];
  #id: string | null = null;

  constructor(listener: SseListener) {
    this.#listener = listener;
  }

  /** Takes the next characters of the stream, without the byte order mark. Throws when a line has no end. */
  push(chunk: string): void {
    const lineEnd = /\r\n|\r|\n/g;
    let begin = 0;
    if (this.#afterCarriageReturn && chunk.startsWith("\n")) begin = 1;
    if (chunk !== "") this.#afterCarriageReturn = chunk.endsWith("\r");
    lineEnd.lastIndex = begin;
    for (let end = lineEnd.exec(chunk); end !== null; end = lineEnd.exec(chunk)) {
      this.#readLine(this.#finishLine(chunk.slice(begin, end.index)));
      begin = lineEnd.lastIndex;
    }
    this.#keep(chunk.slice(begin));
  }

  #keep(rest: string): void {
    if (rest === "") return;
    this.#unfinished.push(rest);
    this.#unfinishedLength += rest.length;
    if (this.#unfinishedLength > LONGEST_LINE) throw new RangeError("a line of the event stream has no end");
  }

  #finishLine(end: string): string {
    if (this.#unfinished.length === 0) return end;
    const line = this.#unfinished.join("") + end;
    this.#unfinished = [];
    this.#unfinishedLength = 0;
    return line;
  }

  #readLine(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^[0-9]+$/.test(value)) this.#listener.onRetry(Number(value));
  }

  #dispatch(): void {
    const frame = { type: this.#type || "message", data: this.#data.join("\n"), id: this.#id };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    this.#id = null;
    if (!empty) this.#listener.onFrame(frame);
  }
}
