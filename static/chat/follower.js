// Shows the running turn of the open conversation: feeds its log into the store, at most one at a time.

import { stopTurn } from "../net/api.js";
import { followTurn } from "../net/turn-stream.js";

export class TurnFollower {
  #store;
  #running = null;
  #runs = 0;
  #onEnd;

  constructor(store, { onEnd }) {
    this.#store = store;
    this.#onEnd = onEnd;
  }

  /** How many turns were followed so far: tells whether one came and went. */
  get runs() {
    return this.#runs;
  }

  get busy() {
    return this.#running !== null;
  }

  /**
   * `target` names the messages the turn writes to until `turn-start` gives their ids: `{userId, replyId}`.
   * Resolves when the turn has ended; rejects when it could not be opened or followed.
   */
  async follow(log, target, { open = null, onOpen = () => {} } = {}) {
    this.detach();
    const run = { log, target: { ...target }, controller: new AbortController(), stopping: false };
    this.#running = run;
    this.#runs += 1;
    this.#store.set({ turn: { turnId: log.turnId, connection: "opening", notice: null, stopping: false } });
    try {
      await followTurn(log, {
        open,
        signal: run.controller.signal,
        onOpen: (response) => this.#opened(run, response, onOpen),
        onEvent: (event) => this.#show(run, event),
        onConnection: (connection, failures = 0) => this.#store.setTurn({ connection, failures }),
      });
      this.#release(run);
    } catch (error) {
      if (run.controller.signal.aborted) return;
      this.#release(run);
      throw error;
    }
  }

  /** Leaves the turn alone and stops showing it. */
  detach() {
    this.#running?.controller.abort();
    this.#running = null;
    this.#store.set({ turn: null });
  }

  async stop() {
    const run = this.#running;
    if (run === null) return;
    run.stopping = true;
    this.#store.setTurn({ stopping: true });
    // Before the server has named the turn there is nothing to stop; #opened comes back here.
    if (run.log.turnId === null) return;
    try {
      const turn = await stopTurn(run.log.turnId);
      if (this.#running !== run) return;
      run.controller.abort();
      this.#settle(run, turn);
      this.#release(run);
    } catch (error) {
      run.stopping = false;
      this.#store.setTurn({ stopping: false });
      this.#store.notify("Couldn’t stop the reply", error.title);
    }
  }

  #opened(run, response, onOpen) {
    this.#store.setTurn({ turnId: run.log.turnId });
    onOpen(response);
    if (run.stopping) this.stop();
  }

  #show(run, event) {
    const { log, target } = run;
    if (event.type === "turn-start") this.#adoptIds(run);
    const answeredBy = log.answeredBy && { provider: { ...this.#store.state.provider, ...log.answeredBy } };
    this.#store.set({ ...answeredBy, ...(log.focus && { focus: log.focus }) });
    this.#store.setTurn({ notice: log.notice });
    this.#store.setMessage(target.replyId, {
      content: log.visibleText,
      reasoning: log.reasoning,
      status: log.status,
      finishReason: log.finishReason,
      error: log.error,
      turnId: log.turnId,
    });
  }

  #adoptIds({ log, target }) {
    const { messages } = this.#store.state;
    const renamed = messages.map((message) => {
      if (message.id === target.userId) return { ...message, id: log.userMessageId, delivery: null };
      if (message.id === target.replyId) return { ...message, id: log.messageId, replyTo: log.userMessageId };
      return message;
    });
    const seen = new Set();
    this.#store.set({ messages: renamed.filter(({ id }) => !seen.has(id) && seen.add(id)) });
    target.userId = log.userMessageId;
    target.replyId = log.messageId;
  }

  #settle({ log, target }, turn) {
    this.#store.setMessage(turn.messageId ?? target.replyId, {
      content: turn.text ?? log.visibleText,
      status: turn.status,
      finishReason: turn.finishReason,
      turnId: turn.turnId,
    });
  }

  #release(run) {
    if (this.#running !== run) return;
    this.#running = null;
    this.#store.set({ turn: null });
    this.#onEnd();
  }
}
