// Messages that the server has not confirmed. They outlive a reload of this tab and keep their idempotency key.

const KEY = "tutorstream.outbox";

export function createOutbox(storage = window.sessionStorage) {
  let entries = load(storage);
  const save = (next) => {
    entries = next;
    try {
      storage.setItem(KEY, JSON.stringify(entries));
    } catch {
      // Storage may be full or forbidden; the message then lives as long as the page.
    }
  };
  return {
    forSession: (sessionId) => entries.filter((entry) => entry.sessionId === sessionId),
    add: (entry) => save([...entries, entry]),
    mark: (clientMessageId, delivery) =>
      save(entries.map((entry) => (entry.clientMessageId === clientMessageId ? { ...entry, delivery } : entry))),
    remove: (clientMessageId) => save(entries.filter((entry) => entry.clientMessageId !== clientMessageId)),
  };
}

function load(storage) {
  try {
    const entries = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}
