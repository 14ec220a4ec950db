"use client";
/** What went wrong last, in words that a learner understands. */

import type { ChatError } from "../chat/errors.js";

/** `ChatError` has its words already: the client's own by its code, else the server's. */
export function ErrorNotice({ error, onRetry }: { error: ChatError; onRetry: () => Promise<void> }) {
  return (
    <div className="tutorstream-error" role="alert">
      <strong>{error.title}</strong> <span>{error.detail}</span>
      <button type="button" onClick={() => void onRetry()}>
        Try again
      </button>
    </div>
  );
}
