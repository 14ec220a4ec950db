"use client";
/** A whole chat in one component: to begin with, and to read how the hook is used. */

import type { ReactNode } from "react";

import type { ChatMessage } from "../chat/snapshot.js";
import type { TutorClient } from "../client.js";
import type { TokenSource } from "../http/credentials.js";
import { Composer } from "./composer.js";
import { MessageList } from "./message-list.js";
import { Unsent } from "./unsent.js";
import { type HttpTutorStream, useHttpTutorStream } from "./use-http-tutor-stream.js";

export interface HttpStreamingDemoProps {
  /** Without it the first message begins a session. */
  sessionId?: string | undefined;
  userId?: string | undefined;
  client?: TutorClient | undefined;
  baseUrl?: string | undefined;
  token?: TokenSource | undefined;
  /** How a message's text is shown. Default: as plain text. */
  renderMessage?: ((message: ChatMessage) => ReactNode) | undefined;
  className?: string | undefined;
}

export function HttpStreamingDemo({ userId, renderMessage, className, ...options }: HttpStreamingDemoProps) {
  const tutor = useHttpTutorStream({ ...options, userId });
  return (
    <section className={["tutorstream", className].filter(Boolean).join(" ")} aria-label="Chat with the tutor">
      <MessageList tutor={tutor} renderMessage={renderMessage} />
      <p className="tutorstream-status" role="status">
        {statusLine(tutor)}
      </p>
      <Unsent tutor={tutor} />
      {tutor.error && (
        <div className="tutorstream-error" role="alert">
          <strong>{tutor.error.title}</strong> {tutor.error.detail}
          <button type="button" onClick={() => void tutor.retry()}>
            Try again
          </button>
        </div>
      )}
      <Composer
        isStreaming={tutor.isStreaming}
        onSend={(text) => void tutor.sendMessage(text, userId)}
        onStop={() => void tutor.stop()}
      />
    </section>
  );
}

/** What a screen reader is told: that the tutor begins and ends, not each delta. */
function statusLine({ status, notice, online, loaded, deleted }: HttpTutorStream): string {
  if (deleted) return "This conversation was deleted.";
  if (!online) return "You are offline. What you send waits here.";
  if (!loaded) return "Loading…";
  if (notice) return "The tutor takes longer than usual…";
  if (status === "submitted") return "Sending…";
  return status === "streaming" ? "The tutor is writing…" : "";
}
