"use client";
/** A whole chat in one component: to begin with, and to read how the hook is used. */

import type { ReactNode } from "react";

import type { ChatMessage } from "../chat/snapshot.js";
import { Composer } from "./composer.js";
import { ErrorNotice } from "./error-notice.js";
import { MessageList } from "./message-list.js";
import { forgetSession, useRememberedSession, useRemembering } from "./remembered-session.js";
import { Unsent } from "./unsent.js";
import { type HttpTutorStream, type HttpTutorStreamOptions, useHttpTutorStream } from "./use-http-tutor-stream.js";

export interface HttpStreamingDemoProps extends HttpTutorStreamOptions {
  /** How a message's text is shown. Default: as Markdown. */
  renderMessage?: ((message: ChatMessage) => ReactNode) | undefined;
  className?: string | undefined;
}

/**
 * Without `sessionId` the first message begins a session, and the next visit of the same user goes on with it. With one,
 * or with null for a new chat, the application keeps it; `onSession` tells it.
 */
export function HttpStreamingDemo({ renderMessage, className, ...options }: HttpStreamingDemoProps) {
  const remembered = useRememberedSession();
  const isRemembered = options.sessionId === undefined;
  const tutor = useHttpTutorStream({
    ...options,
    sessionId: isRemembered ? remembered.sessionId : options.sessionId,
    onSession: (id) => {
      remembered.onSession(id);
      options.onSession?.(id);
    },
  });
  const server = options.client?.baseUrl ?? String(options.baseUrl ?? "");
  useRemembering(isRemembered ? server : null, tutor, remembered);
  const beginAnew = () => {
    forgetSession(server, tutor.user);
    remembered.onSession(null);
  };
  return (
    <section className={["tutorstream", className].filter(Boolean).join(" ")} aria-label="Chat with the tutor">
      {isRemembered && tutor.sessionId !== null && (
        <button type="button" className="tutorstream-new" onClick={beginAnew}>
          New chat
        </button>
      )}
      <MessageList tutor={tutor} renderMessage={renderMessage} />
      <p className="tutorstream-status" role="status">
        {statusLine(tutor)}
      </p>
      <Unsent tutor={tutor} />
      {tutor.error && <ErrorNotice error={tutor.error} onRetry={tutor.retry} />}
      <Composer isStreaming={tutor.isStreaming} onSend={(text) => void tutor.sendMessage(text)} onStop={() => void tutor.stop()} />
    </section>
  );
}

/** What a screen reader is told: that the tutor begins and ends, not each delta. */
function statusLine({ status, notice, online, loaded, deleted, error, signedInElsewhere }: HttpTutorStream): string {
  if (deleted) return "This conversation was deleted.";
  if (signedInElsewhere !== null) return `Another tab has signed in as ${signedInElsewhere}.`;
  if (!online) return "You are offline. What you send waits here.";
  // What keeps it from being there is told instead.
  if (!loaded) return error ? "" : "Loading…";
  if (notice) return "The tutor takes longer than usual…";
  if (status === "submitted") return "Sending…";
  return status === "streaming" ? "The tutor is writing…" : "";
}
