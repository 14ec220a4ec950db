/** The tutor's message: streamed text, how it ended, and what can be done with it. */

import { canContinue } from "../../src/index.js";
import type { Actions } from "../main.js";
import { copyButton } from "./clipboard.js";
import { button, el, icon, iconButton } from "./dom.js";
import { Prose } from "./prose.js";
import { isCut, replyNotice } from "./reply-notice.js";
import type { MessageView, Row } from "./row.js";

/** A text so long that drawing it takes this share of the time is drawn less often. */
const DRAW_SHARE = 4;

export class Reply implements MessageView {
  readonly root: HTMLLIElement;
  readonly #actions: Actions;
  readonly #prose = el("div", { class: "prose", dir: "auto" });
  readonly #text = new Prose(this.#prose);
  readonly #waiting = el("div", { class: "thinking" }, dots(), el("span", { text: "Thinking…" }));
  readonly #reasoning = el("div", { class: "reasoning-text", dir: "auto" });
  readonly #reasoningBox = el("details", { class: "reasoning", hidden: true }, el("summary", { text: "Reasoning" }), this.#reasoning);
  readonly #notice = el("div", { class: "notice-slot" });
  readonly #tools = el("div", { class: "tools" });
  #row: Row;
  #drawn: string | null = null;
  #nextDraw = 0;
  #growing = false;
  #noticed = "";

  constructor(row: Row, actions: Actions) {
    this.#row = row;
    this.#actions = actions;
    const avatar = el("div", { class: "avatar", "aria-hidden": "true" }, icon("spark"));
    const heading = el("h2", { class: "visually-hidden", text: "Tutor said" });
    const parts = [heading, this.#reasoningBox, this.#prose, this.#waiting, this.#notice, this.#tools];
    this.root = el("li", { class: "message from-tutor" }, avatar, el("div", { class: "reply-body" }, ...parts));
  }

  update(row: Row): boolean {
    const { message } = row;
    const streaming = message.status === "streaming";
    this.#row = row;
    this.root.classList.toggle("is-streaming", streaming);
    this.root.classList.toggle("is-cut", streaming && isCut(row.chat));
    this.root.setAttribute("aria-busy", String(streaming));
    this.#waiting.hidden = !streaming || message.content !== "";
    this.#reasoningBox.hidden = message.reasoning === "";
    if (this.#reasoning.textContent !== message.reasoning) this.#reasoning.textContent = message.reasoning;
    this.#showNotice();
    this.#updateTools(streaming);
    return this.#draw(message.content, streaming);
  }

  /** The same notice stays in place: a new element would lose focus and start its animation again. */
  #showNotice(): void {
    const { message, chat } = this.#row;
    const { status, finishReason, error } = message;
    const reason = [status, finishReason, error?.title, error?.detail, this.#mayRetry()];
    const shape = [...reason, isCut(chat), chat?.notice, chat?.retryInMs].join();
    if (shape === this.#noticed) return;
    this.#noticed = shape;
    const notice = replyNotice(message, chat, this.#mayRetry() ? () => this.#regenerate() : null);
    this.#notice.replaceChildren(...(notice ? [notice] : []));
  }

  #draw(text: string, streaming: boolean): boolean {
    // What is drawn of a growing text is drawn once more when it has ended.
    if (text === this.#drawn && streaming === this.#growing) return false;
    const started = performance.now();
    if (streaming && started < this.#nextDraw) return true;
    const unfinished = this.#text.show(text, streaming);
    this.#drawn = unfinished ? null : text;
    this.#growing = streaming;
    this.#nextDraw = started + (performance.now() - started) * DRAW_SHARE;
    return unfinished;
  }

  /** Whether more may be asked of this reply. */
  #mayAsk(): boolean {
    return this.#row.isLast && !this.#row.busy;
  }

  /** One that has failed can be tried again wherever it stands. */
  #mayRetry(): boolean {
    const { message, busy } = this.#row;
    return this.#mayAsk() || (message.status === "failed" && message.replyTo !== null && !busy);
  }

  #regenerate(): void {
    this.#actions.regenerate(this.#row.message);
  }

  #updateTools(streaming: boolean): void {
    const { message, isLast, busy } = this.#row;
    const shape = [streaming, message.status, message.content === "", message.alternatives.join(), message.id, isLast, busy];
    const signature = shape.join();
    if (this.#tools.dataset["signature"] === signature) return;
    const { activeElement } = document;
    const focused = activeElement instanceof HTMLElement && this.#tools.contains(activeElement) && activeElement.dataset["tool"];
    this.#tools.dataset["signature"] = signature;
    this.#tools.replaceChildren(...(streaming ? [] : this.#makeTools()));
    if (focused) this.#tools.querySelector<HTMLElement>(`[data-tool="${focused}"]:not(:disabled)`)?.focus();
  }

  #makeTools(): Node[] {
    const { message } = this.#row;
    const copy = message.content !== "" && copyButton("Copy reply", () => this.#row.message.content);
    // Of a reply that has failed the notice says so, and has the same button.
    const mayRepeat = this.#mayAsk() && message.replyTo !== null && message.status !== "failed";
    const again = mayRepeat && iconButton("refresh", "Regenerate reply", () => this.#regenerate());
    const proceed = () => this.#actions.continueReply(this.#row.message);
    const more =
      this.#mayAsk() && canContinue(message) && button([icon("play"), "Continue"], proceed, { class: "button small" });
    return [this.#pager(), copy, again, more].filter((tool): tool is HTMLElement => Boolean(tool));
  }

  #pager(): HTMLElement | null {
    const { alternatives, id } = this.#row.message;
    if (alternatives.length < 2) return null;
    const index = alternatives.indexOf(id);
    const go = (step: number) => () => {
      const other = alternatives[index + step];
      if (other !== undefined) this.#actions.choose(other);
    };
    const previous = iconButton("left", "Previous reply", go(-1), { disabled: index === 0, "data-tool": "previous" });
    const last = index === alternatives.length - 1;
    const next = iconButton("right", "Next reply", go(1), { disabled: last, "data-tool": "next" });
    const label = el("span", { class: "pager-label", text: `${index + 1} / ${alternatives.length}` });
    return el("div", { class: "pager", role: "group", "aria-label": "Alternative replies" }, previous, label, next);
  }
}

function dots(): HTMLElement {
  return el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
}
