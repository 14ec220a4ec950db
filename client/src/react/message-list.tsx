"use client";
/** The conversation. A message that does not change is not rendered again while a reply grows. */

import { type ReactNode, memo } from "react";

import type { ChatMessage } from "../chat/snapshot.js";
import type { HttpTutorStream } from "./use-http-tutor-stream.js";

type RenderMessage = ((message: ChatMessage) => ReactNode) | undefined;

export function MessageList({ tutor, renderMessage }: { tutor: HttpTutorStream; renderMessage: RenderMessage }) {
  const { messages, hasOlder, loadOlder, isStreaming } = tutor;
  const last = messages.at(-1);
  return (
    <>
      {hasOlder && (
        <button type="button" onClick={() => void loadOlder()}>
          Earlier messages
        </button>
      )}
      <ol className="tutorstream-messages" aria-busy={isStreaming}>
        {messages.map((message) => (
          <Row
            key={message.key}
            message={message}
            renderMessage={renderMessage}
            onContinue={message === last && !isStreaming ? tutor.continue : undefined}
            onRegenerate={message === last && !isStreaming ? tutor.regenerate : undefined}
          />
        ))}
      </ol>
    </>
  );
}

interface RowProps {
  message: ChatMessage;
  renderMessage: RenderMessage;
  onContinue: ((messageId: string) => Promise<void>) | undefined;
  onRegenerate: ((messageId: string) => Promise<void>) | undefined;
}

const Row = memo(function Row({ message, renderMessage, onContinue, onRegenerate }: RowProps) {
  const { id, role, status, content } = message;
  const unfinished = status === "stopped" || status === "interrupted" || status === "failed";
  return (
    <li className="tutorstream-message" data-role={role} data-status={status}>
      <span className="tutorstream-author">{role === "user" ? "You" : "Tutor"}</span>
      {renderMessage ? renderMessage(message) : <div style={{ whiteSpace: "pre-wrap" }}>{content}</div>}
      {unfinished && <small className="tutorstream-unfinished">{UNFINISHED[status]}</small>}
      {unfinished && onContinue && (
        <button type="button" onClick={() => void onContinue(id)}>
          Continue
        </button>
      )}
      {role === "assistant" && onRegenerate && (
        <button type="button" onClick={() => void onRegenerate(id)}>
          Answer again
        </button>
      )}
    </li>
  );
});

const UNFINISHED = {
  stopped: "You stopped this reply.",
  interrupted: "This reply was cut short.",
  failed: "This reply failed.",
} as const;
