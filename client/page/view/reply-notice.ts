/** What stands under a reply that is not simply complete: a lost connection, a stop, a failure. */

import { type ChatMessage, type ChatSnapshot, wordsOf } from "../../src/index.js";
import { countDown } from "./count-down.js";
import { button, el, icon } from "./dom.js";

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
  waiting: "Others are being answered; this one waits for its turn…",
} as const;

/** Whether no text can come at the moment. */
export function isCut(chat: ChatSnapshot | null): boolean {
  return chat !== null && (chat.connection === "waiting" || !chat.online);
}

function progress(chat: ChatSnapshot): HTMLElement | null {
  const { notice, retryInMs } = chat;
  const text = isCut(chat) ? "Reconnecting…" : notice && NOTICES[notice];
  if (!text) return null;
  const left = notice === "retrying" && !isCut(chat) && countDown(retryInMs ?? 0);
  return el("p", { class: "notice is-live" }, el("span", { class: "pulse", "aria-hidden": "true" }), text, left);
}

function failure(message: ChatMessage, onRegenerate: (() => void) | null): HTMLElement {
  const { title, detail } = message.error ? wordsOf(message.error) : { title: "This reply failed", detail: "" };
  const words = el("div", {}, el("strong", { text: title }), detail && el("p", { text: detail }));
  return el(
    "div",
    { class: "failure" },
    icon("alert"),
    words,
    onRegenerate && button("Retry", onRegenerate, { class: "button small" }),
  );
}
