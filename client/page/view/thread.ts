/** The open conversation: its messages, what is not sent yet, and what is shown while there are none. */

import type { ChatMessage, ChatSnapshot } from "../../src/index.js";
import type { Actions } from "../main.js";
import { type PageState, type ThreadPhase, isBusy, threadPhase } from "../state.js";
import { byId, button, el, setChildren } from "./dom.js";
import { FocusPanel } from "./focus.js";
import { Reply } from "./reply.js";
import { type MessageView, type Row, sameRow } from "./row.js";
import { ScrollKeeper } from "./scroll.js";
import { loadingThread, missingThread, threadProblem, welcome } from "./states.js";
import { UnsentMessage } from "./unsent-message.js";
import { UserMessage } from "./user-message.js";

interface Placeholder {
  phase: ThreadPhase;
  element: HTMLElement;
}

interface Drawn {
  view: MessageView;
  /** Null while some of its text waits to be drawn. */
  row: Row | null;
}

export class ThreadView {
  readonly #actions: Actions;
  readonly #list = el("ol", { class: "messages" });
  readonly #focus = new FocusPanel();
  readonly #column = byId("thread");
  readonly #older: HTMLButtonElement;
  readonly #scroll: ScrollKeeper;
  #drawn = new Map<string, Drawn>();
  #unsent = new Map<string, UnsentMessage>();
  #placeholder: Placeholder | null = null;
  #before: PageState | null = null;

  constructor(actions: Actions) {
    this.#actions = actions;
    this.#older = button("", () => actions.loadOlder(), { class: "button quiet older" });
    this.#scroll = new ScrollKeeper(byId("scroller"), this.#column, byId("jump"));
  }

  /** True when some text still waits to be drawn. */
  update(state: PageState): boolean {
    const before = this.#before;
    this.#before = state;
    const covered = this.#placeholder;
    this.#placeholder = this.#choosePlaceholder(state.chat);
    this.#focus.update(state.chat.focus);
    let unfinished = false;
    const draw = () => {
      unfinished = this.#drawList(state.chat);
      setChildren(this.#column, this.#parts(state));
    };
    if (before?.loadingOlder && !state.loadingOlder) this.#scroll.hold(draw);
    else draw();
    const uncovered = covered !== null && this.#placeholder === null;
    if (this.#placeholder !== null && this.#placeholder !== covered) this.#scroll.toStart();
    else if (uncovered || (before && lastOwn(before.chat) !== lastOwn(state.chat))) this.#scroll.toEnd();
    return unfinished;
  }

  #parts(state: PageState): Node[] {
    if (this.#placeholder) return [this.#placeholder.element];
    const older = state.chat.hasOlder ? [this.#olderButton(state.loadingOlder)] : [];
    return [...older, ...(state.chat.focus ? [this.#focus.root] : []), this.#list];
  }

  #olderButton(loading: boolean): HTMLButtonElement {
    this.#older.textContent = loading ? "Loading…" : "Show earlier messages";
    this.#older.disabled = loading;
    return this.#older;
  }

  #choosePlaceholder(chat: ChatSnapshot): Placeholder | null {
    const phase = threadPhase(chat);
    const empty = chat.messages.length === 0 && chat.outbox.length === 0;
    if (!empty && phase !== "missing") return null;
    if (this.#placeholder?.phase === phase) return this.#placeholder;
    return { phase, element: this.#makePlaceholder(phase, chat) };
  }

  #makePlaceholder(phase: ThreadPhase, { error }: ChatSnapshot): HTMLElement {
    if (phase === "loading") return loadingThread();
    if (phase === "missing") return missingThread(this.#actions);
    if (phase === "error" && error) return threadProblem(error, this.#actions);
    return welcome(this.#actions);
  }

  #drawList(chat: ChatSnapshot): boolean {
    const drawn = new Map<string, Drawn>();
    let unfinished = false;
    chat.messages.forEach((message, at) => {
      const isLast = at === chat.messages.length - 1;
      const row = { message, isLast, busy: isBusy(chat), chat: isLast ? chat : null };
      const known = this.#drawn.get(message.key) ?? { view: this.#makeView(row), row: null };
      if (known.row === null || !sameRow(known.row, row)) {
        const again = known.view.update(row);
        known.row = again ? null : row;
        unfinished ||= again;
      }
      drawn.set(message.key, known);
    });
    this.#drawn = drawn;
    const messages = [...drawn.values()].map(({ view }) => view.root);
    setChildren(this.#list, [...messages, ...this.#drawUnsent(chat)]);
    return unfinished;
  }

  #drawUnsent({ outbox }: ChatSnapshot): HTMLElement[] {
    const unsent = new Map<string, UnsentMessage>();
    for (const entry of outbox) {
      const view = this.#unsent.get(entry.clientMessageId) ?? new UnsentMessage(entry, this.#actions);
      view.update(entry);
      unsent.set(entry.clientMessageId, view);
    }
    this.#unsent = unsent;
    return [...unsent.values()].map(({ root }) => root);
  }

  #makeView(row: Row): MessageView {
    return row.message.role === "user" ? new UserMessage() : new Reply(row, this.#actions);
  }
}

/** The learner's newest message. */
function lastOwn({ messages, outbox }: ChatSnapshot): string | undefined {
  const own = (message: ChatMessage) => message.role === "user";
  return outbox.at(-1)?.clientMessageId ?? messages.findLast(own)?.key;
}
