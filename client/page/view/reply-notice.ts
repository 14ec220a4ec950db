/** What stands under a reply that is not simply complete: a lost connection, a stop, a failure. */

import type { ChatMessage, ChatSnapshot } from "../../src/index.js";
import { button, el, icon, setText } from "./dom.js";

/** `onRegenerate` is given when a new reply may be asked for. */
export function replyNotice(
  message: ChatMessage,
  chat: ChatSnapshot | null,
  onRegenerate: (() => void) | null,
): HTMLElement | null {
  if (message.status === "streaming") return chat && progress(chat);
  if (message.status === "failed") return failure(message, onRegenerate);
  const reason = message.status === "complete" ? completed(message) : undefined;
  const text = ENDINGS[message.status] ?? reason;
  return text === undefined ? null : el("p", { class: "notice", text });
}

function completed({ finishReason, content }: ChatMessage): string | undefined {
  return REASONS[finishReason ?? ""] ?? (content.trim() === "" ? "The model ended this reply without a word." : undefined);
}

const ENDINGS: Readonly<Record<string, string>> = {
  stopped: "You stopped this reply.",
  interrupted: "This reply was cut off. What had arrived is kept.",
};

const REASONS: Readonly<Record<string, string>> = {
  length: "The reply reached the model’s length limit.",
  "content-filter": "The provider’s content filter ended this reply.",
};

const NOTICES = {
  retrying: "The model did not answer; trying again",
  "storage-degraded": "Saving is slow right now; the reply goes on once it is safe…",
  restarted: "The model has begun this reply anew.",
} as const;

function progress({ connection, notice, retryInMs }: ChatSnapshot): HTMLElement | null {
  const text = connection === "waiting" ? "Reconnecting…" : notice && NOTICES[notice];
  if (!text) return null;
  const left = notice === "retrying" && connection !== "waiting" && countDown(retryInMs ?? 0);
  return el("p", { class: "notice is-live" }, el("span", { class: "pulse", "aria-hidden": "true" }), text, left);
}

const TICK_MS = 250;

function countDown(milliseconds: number): HTMLElement {
  const label = el("span", { class: "count-down" });
  const end = performance.now() + milliseconds;
  const timer = setInterval(show, TICK_MS);
  show();
  return label;

  function show(): void {
    const seconds = Math.ceil((end - performance.now()) / 1000);
    setText(label, seconds > 0 ? `in ${seconds} s…` : "now…");
    if (seconds <= 0) clearInterval(timer);
  }
}

function failure(message: ChatMessage, onRegenerate: (() => void) | null): HTMLElement {
  const { title, detail } = message.error ?? { title: "This reply failed", detail: "" };
  const words = el("div", {}, el("strong", { text: title }), detail && el("p", { text: detail }));
  return el(
    "div",
    { class: "failure" },
    icon("alert"),
    words,
    onRegenerate && button("Retry", onRegenerate, { class: "button small" }),
  );
}
