// One turn as the events tell it: applies each event once and knows the text so far.

export class TurnLog {
  turnId = null;
  lastEventId = 0;
  sessionId = null;
  messageId = null;
  userMessageId = null;
  text = "";
  reasoning = "";
  status = "streaming";
  finishReason = null;
  error = null;
  answeredBy = null;
  focus = null;
  notice = null;

  // Where the text stood after each event, so that a rewind can go back to it.
  #marks = [];
  // What the reader already sees while the log rebuilds the same text from its start.
  #shown = "";

  constructor(known = {}) {
    const { text = "", ...rest } = known;
    Object.assign(this, rest);
    this.text = text;
    this.#shown = text;
    this.#marks = [{ id: this.lastEventId, length: text.length }];
  }

  get visibleText() {
    return this.#shown.startsWith(this.text) ? this.#shown : this.text;
  }

  /** "applied", "repeated" (already seen), or "replay" (the log must be read again from its start). */
  apply({ id, type, data }) {
    if (id === null) return this.#applyPassing(type, data);
    if (!Number.isSafeInteger(id) || id <= this.lastEventId) return "repeated";
    this.notice = null;
    handlers[type]?.(this, data);
    this.lastEventId = id;
    this.#marks.push({ id, length: this.text.length });
    return "applied";
  }

  void() {
    this.text = "";
    this.reasoning = "";
    this.#shown = "";
    this.#marks = [];
  }

  begin() {
    this.#shown = this.visibleText;
    this.text = "";
    this.reasoning = "";
    this.#marks = [];
  }

  settle() {
    this.#shown = "";
  }

  #applyPassing(type, data) {
    if (type === "rewind") return this.#rewind(Number(data.lastEventId));
    if (type === "retrying") this.notice = "retrying";
    if (type === "storage-degraded") this.notice = "storage-degraded";
    return "applied";
  }

  #rewind(id) {
    if (id >= this.lastEventId) return "applied";
    const mark = this.#marks.findLast((candidate) => candidate.id <= id);
    this.#shown = "";
    if (!mark || mark.id !== id) {
      this.begin();
      this.lastEventId = 0;
      return "replay";
    }
    this.text = this.text.slice(0, mark.length);
    this.#marks = this.#marks.filter((candidate) => candidate.id <= id);
    this.lastEventId = id;
    return "applied";
  }
}

const handlers = {
  "turn-start"(log, data) {
    log.begin();
    log.turnId = data.turnId;
    log.sessionId = data.sessionId;
    log.messageId = data.messageId;
    log.userMessageId = data.userMessageId;
    log.answeredBy = { name: data.provider, model: data.model };
  },
  "session-focus"(log, data) {
    log.focus = data;
  },
  "reasoning-delta"(log, data) {
    log.reasoning += data.text;
  },
  "text-delta"(log, data) {
    log.text += data.text;
  },
  "attempt-start"(log, data) {
    if (data.mode === "restart") log.void();
    log.answeredBy = { name: data.provider, model: data.model };
  },
  error(log, data) {
    log.error = data;
  },
  "turn-end"(log, data) {
    log.settle();
    log.status = data.status;
    log.finishReason = data.finishReason;
  },
};
