// What stands under a reply that is not simply complete: a lost connection, a stop, a failure.

import { button, el, icon } from "./dom.js";

/** Zero or one element. `offers.onRegenerate` is given when a new reply may be asked for. */
export function replyNotice(message, turn, offers) {
  if (message.status === "streaming") return progress(turn);
  if (message.status === "failed") return [failure(message, offers.onRegenerate)];
  const text = endings[message.status] ?? (message.status === "complete" ? reasons[message.finishReason] : null);
  return text ? [el("p", { class: "notice", text })] : [];
}

const endings = {
  stopped: "You stopped this reply.",
  interrupted: "This reply was cut off. What had arrived is kept.",
};

const reasons = {
  length: "The reply reached the model’s length limit.",
  "content-filter": "The provider’s content filter ended this reply.",
};

const notices = {
  retrying: "The model did not answer; trying again…",
  "storage-degraded": "Saving is slow right now; the reply goes on once it is safe…",
};

function progress(turn) {
  const text = turn?.connection === "reconnecting" ? reconnecting(turn) : notices[turn?.notice];
  return text ? [el("p", { class: "notice is-live" }, el("span", { class: "pulse", "aria-hidden": "true" }), text)] : [];
}

function reconnecting({ failures }) {
  return failures > 4 ? "Still trying to reach the server. The reply is safe there…" : "Reconnecting…";
}

function failure(message, onRegenerate) {
  const { title = "This reply failed", detail = "" } = message.error ?? {};
  const words = el("div", {}, el("strong", { text: title }), detail && el("p", { text: detail }));
  const retry = onRegenerate && button("Retry", onRegenerate, { class: "button small" });
  return el("div", { class: "failure" }, icon("alert"), words, retry);
}
