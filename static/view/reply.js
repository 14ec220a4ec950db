// The tutor's message: streamed text, how it ended, and what can be done with it.

import { copyButton } from "./clipboard.js";
import { button, el, icon, iconButton } from "./dom.js";
import { MarkdownView } from "./markdown.js";
import { replyNotice } from "./reply-notice.js";

// A text so long that drawing it takes this share of the time is drawn less often.
const DRAW_SHARE = 4;

export class Reply {
  #actions;
  #row = null;
  #drawn = null;
  #nextDraw = 0;
  #prose = el("div", { class: "prose" });
  #markdown = new MarkdownView(this.#prose);
  #waiting = el("div", { class: "thinking" }, dots(), el("span", { text: "Thinking…" }));
  #reasoning = el("div", { class: "reasoning-text" });
  #reasoningBox = el(
    "details",
    { class: "reasoning", hidden: true },
    el("summary", { text: "Reasoning" }),
    this.#reasoning,
  );
  #notice = el("div", { class: "notice-slot" });
  #tools = el("div", { class: "tools" });

  constructor(actions) {
    this.#actions = actions;
    const avatar = el("div", { class: "avatar", "aria-hidden": "true" }, icon("spark"));
    const heading = el("h2", { class: "visually-hidden", text: "Tutor said" });
    const body = el(
      "div",
      { class: "reply-body" },
      ...[heading, this.#reasoningBox, this.#prose, this.#waiting, this.#notice, this.#tools],
    );
    this.root = el("li", { class: "message from-tutor" }, avatar, body);
  }

  /** True when the newest text is not drawn yet and another frame is needed. */
  update(row) {
    const { message, turn } = row;
    const streaming = message.status === "streaming";
    this.#row = row;
    this.root.classList.toggle("is-streaming", streaming);
    this.root.setAttribute("aria-busy", String(streaming));
    this.#waiting.hidden = !streaming || message.content !== "";
    this.#reasoningBox.hidden = !message.reasoning;
    if (message.reasoning) this.#reasoning.textContent = message.reasoning;
    this.#showNotice(replyNotice(message, turn, this.#offers())[0] ?? null);
    this.#updateTools(streaming);
    return this.#draw(message.content, streaming);
  }

  // An equal notice stays in place: a new element would lose focus and start its animation again.
  #showNotice(notice) {
    const shown = this.#notice.firstChild;
    if (notice === null ? shown === null : shown?.isEqualNode(notice)) return;
    this.#notice.replaceChildren(...(notice ? [notice] : []));
  }

  #draw(text, streaming) {
    if (text === this.#drawn) return false;
    const started = performance.now();
    if (streaming && started < this.#nextDraw) return true;
    this.#markdown.show(text);
    this.#drawn = text;
    const took = performance.now() - started;
    this.#nextDraw = started + took * DRAW_SHARE;
    return false;
  }

  // Buttons outlive the message object they were made for, so they look the message up when pressed.
  #offers() {
    const { message, isLast, busy } = this.#row;
    if (!isLast || busy) return {};
    return {
      onContinue: () => this.#actions.continueReply(this.#row.message),
      onRegenerate: message.replyTo ? () => this.#actions.regenerate(this.#row.message) : null,
    };
  }

  #updateTools(streaming) {
    const { message, alternatives, isLast, busy } = this.#row;
    const shape = [streaming, message.status, message.content === "", alternatives.length, this.#row.index, isLast, busy];
    const signature = shape.join();
    if (this.#tools.dataset.signature === signature) return;
    const focused = this.#tools.contains(document.activeElement) && document.activeElement.dataset.tool;
    this.#tools.dataset.signature = signature;
    this.#tools.replaceChildren(...(streaming ? [] : this.#makeTools()));
    if (focused) this.#tools.querySelector(`[data-tool="${focused}"]:not(:disabled)`)?.focus();
  }

  #makeTools() {
    const { message, isLast, busy } = this.#row;
    const { onContinue, onRegenerate } = this.#offers();
    const copy = message.content && copyButton("Copy reply", () => this.#row.message.content);
    const regenerate = isLast && !busy && onRegenerate && iconButton("refresh", "Regenerate reply", onRegenerate);
    const proceed =
      onContinue && canContinue(message) && button([icon("play"), "Continue"], onContinue, { class: "button small" });
    return [this.#pager(), copy, regenerate, proceed].filter(Boolean);
  }

  #pager() {
    const { alternatives, index } = this.#row;
    if (alternatives.length < 2) return null;
    const go = (step) => () => {
      const row = this.#row;
      this.#actions.choose(row.message.replyTo, row.alternatives[row.index + step].id);
    };
    const previous = iconButton("left", "Previous reply", go(-1), { disabled: index === 0, "data-tool": "previous" });
    const last = index === alternatives.length - 1;
    const next = iconButton("right", "Next reply", go(1), { disabled: last, "data-tool": "next" });
    const label = el("span", { class: "pager-label", text: `${index + 1} / ${alternatives.length}` });
    return el("div", { class: "pager", role: "group", "aria-label": "Alternative replies" }, previous, label, next);
  }
}

export function canContinue(message) {
  return (message.status === "interrupted" || message.status === "stopped") && Boolean(message.turnId);
}

function dots() {
  return el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
}
