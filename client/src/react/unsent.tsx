"use client";
/** Messages that are not sent yet, and what can be done about them. */

import type { HttpTutorStream } from "./use-http-tutor-stream.js";

export function Unsent({ tutor }: { tutor: HttpTutorStream }) {
  const { outbox, cancelUnsent, resumeOutbox } = tutor;
  if (outbox.length === 0) return null;
  const held = outbox.some(({ state }) => state === "paused" || state === "failed");
  return (
    <div className="tutorstream-unsent">
      <p>{outbox.length === 1 ? "One message is" : `${outbox.length} messages are`} not sent yet.</p>
      <ul>
        {outbox.map(({ clientMessageId, text, error }) => (
          <li key={clientMessageId}>
            {text} {error && <small>{error.title}</small>}
            <button type="button" aria-label={`Do not send: ${text}`} onClick={() => void cancelUnsent(clientMessageId)}>
              Do not send
            </button>
          </li>
        ))}
      </ul>
      {held && (
        <button type="button" onClick={() => void resumeOutbox()}>
          Send now
        </button>
      )}
    </div>
  );
}
