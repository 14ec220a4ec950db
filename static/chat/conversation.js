// What a thread of messages looks like, as pure functions: merging with the server's list, and which of
// several replies to one message is shown.

const COMPARED = ["content", "status", "finishReason", "turnId", "replyTo", "updatedAt"];

/** The server's page wins; older pages and messages that it cannot know yet (unsent ones) are kept. */
export function mergeMessages(local, page) {
  const known = new Map(local.map((message) => [message.id, message]));
  const sent = new Set(page.map((message) => message.clientMessageId).filter(Boolean));
  const unsent = local.filter((message) => message.delivery && !sent.has(message.clientMessageId));
  return [...olderThan(local, page), ...page.map((message) => adopt(known.get(message.id), message)), ...unsent];
}

/** What `local` holds before the page begins; nothing when the page does not touch it, for that would leave a gap. */
export function olderThan(local, page) {
  return local.slice(0, Math.max(0, local.findIndex((message) => message.id === page[0]?.id)));
}

// Unchanged messages keep their identity: views compare objects to know what to draw again.
function adopt(local, message) {
  if (local === undefined) return { ...message, key: message.id };
  if (COMPARED.every((field) => local[field] === message[field])) return local;
  return { ...message, key: local.key, reasoning: local.reasoning, error: local.error };
}

/** Rows in reading order: each message once, replies to one message as a single row with alternatives. */
export function toRows(messages, choices) {
  const replies = Map.groupBy(
    messages.filter((message) => message.role === "assistant" && message.replyTo),
    (message) => message.replyTo,
  );
  const present = new Set(messages.map((message) => message.id));
  const placed = new Set();
  const rows = [];
  const place = (target) => {
    if (!replies.has(target) || placed.has(target)) return;
    placed.add(target);
    rows.push(replyRow(replies.get(target), choices[target]));
  };
  for (const message of messages) {
    const isReply = message.role === "assistant" && message.replyTo;
    if (!isReply) rows.push({ message, alternatives: [message], index: 0 });
    if (message.role === "user") place(message.id);
    else if (isReply && !present.has(message.replyTo)) place(message.replyTo);
  }
  return rows;
}

function replyRow(all, choice) {
  const alternatives = all.filter((message, at) => at === all.length - 1 || !isEmptyFailure(message));
  const chosen = alternatives.findIndex((message) => message.id === choice);
  const index = chosen < 0 ? alternatives.length - 1 : chosen;
  return { message: alternatives[index], alternatives, index };
}

function isEmptyFailure(message) {
  return message.content === "" && (message.status === "failed" || message.status === "stopped");
}

export function titleFrom(text) {
  const line = text.trim().split("\n", 1)[0].replace(/\s+/g, " ");
  if (line.length <= 60) return line;
  const cut = line.slice(0, 60);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), 30))}…`;
}
