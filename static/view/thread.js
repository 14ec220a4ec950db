// The open conversation: its messages, and what is shown while there are none.

import { toRows } from "../chat/conversation.js";
import { button, el, setChildren } from "./dom.js";
import { focusPanel } from "./focus.js";
import { Reply } from "./reply.js";
import { ScrollKeeper } from "./scroll.js";
import { loadingThread, missingThread, threadProblem, welcome } from "./states.js";
import { UserMessage } from "./user-message.js";

export class ThreadView {
  #actions;
  #views = new Map();
  #rows = new Map();
  #unfinished = false;
  #list = el("ol", { class: "messages" });
  #focus = focusPanel();
  #placeholder = null;
  #shown = {};
  #older = button("", () => this.#actions.loadOlder(), { class: "button quiet older" });
  #column = document.getElementById("thread");
  #scroll;

  constructor(actions) {
    this.#actions = actions;
    const [scroller, jump] = ["scroller", "jump"].map((id) => document.getElementById(id));
    this.#scroll = new ScrollKeeper(scroller, this.#column, jump);
  }

  /** True when some text still waits to be drawn. */
  update(state) {
    const before = this.#shown;
    this.#shown = state;
    const covered = this.#placeholder;
    this.#placeholder = this.#choosePlaceholder(before, state);
    this.#focus.update(state.focus);
    const grewAbove = before.loadingOlder && !state.loadingOlder && before.sessionId === state.sessionId;
    let unfinished = false;
    const draw = () => {
      unfinished = this.#drawRows(before, state);
      setChildren(this.#column, this.#parts(state));
    };
    if (grewAbove) this.#scroll.hold(draw);
    else draw();
    const uncovered = covered && !this.#placeholder;
    if (this.#placeholder && this.#placeholder !== covered) this.#scroll.toStart();
    else if (uncovered || lastQuestion(before) !== lastQuestion(state)) this.#scroll.toEnd();
    return unfinished;
  }

  #parts(state) {
    if (this.#placeholder) return [this.#placeholder];
    const older = state.olderCursor ? [this.#olderButton(state)] : [];
    return [...older, ...(state.focus ? [this.#focus.root] : []), this.#list];
  }

  #olderButton({ loadingOlder }) {
    this.#older.textContent = loadingOlder ? "Loading…" : "Show earlier messages";
    this.#older.disabled = loadingOlder;
    return this.#older;
  }

  #choosePlaceholder(before, state) {
    if (state.messages.length > 0) return null;
    const same = before.threadPhase === state.threadPhase && before.messages?.length === 0;
    if (same && this.#placeholder) return this.#placeholder;
    if (state.threadPhase === "loading") return loadingThread();
    if (state.threadPhase === "missing") return missingThread(this.#actions);
    if (state.threadPhase === "error") return threadProblem(state.threadError, this.#actions);
    return welcome(this.#actions);
  }

  #drawRows(before, state) {
    const same = ["messages", "choices", "turn", "sessionId"].every((field) => before[field] === state[field]);
    if (same && !this.#unfinished) return false;
    const rows = toRows(state.messages, state.choices);
    const views = new Map();
    let unfinished = false;
    rows.forEach((row, at) => {
      const { message } = row;
      const view = this.#views.get(message.key) ?? this.#makeView(message);
      const isLast = at === rows.length - 1;
      const full = { ...row, isLast, busy: state.turn !== null, turn: isLast ? state.turn : null };
      if (this.#hasChanged(message.key, full)) {
        const again = view.update(full);
        unfinished ||= again;
        if (again) this.#rows.delete(message.key);
      }
      views.set(message.key, view);
    });
    this.#views = views;
    this.#unfinished = unfinished;
    setChildren(this.#list, rows.map((row) => views.get(row.message.key).root));
    return unfinished;
  }

  #hasChanged(key, row) {
    const known = this.#views.has(key) ? this.#rows.get(key) : undefined;
    this.#rows.set(key, row);
    if (!known) return true;
    const fields = ["message", "isLast", "busy", "turn", "index"];
    return fields.some((field) => known[field] !== row[field]) || known.alternatives.length !== row.alternatives.length;
  }

  #makeView(message) {
    return message.role === "user" ? new UserMessage(this.#actions) : new Reply(this.#actions);
  }
}

function lastQuestion({ messages = [] }) {
  return messages.findLast((message) => message.role === "user")?.key;
}
