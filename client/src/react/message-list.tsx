"use client";
/** The conversation. A message that does not change is not rendered again while a reply grows. */

import { type ReactNode, memo } from "react";

import { type ChatMessage, canContinue, canRegenerate } from "../chat/snapshot.js";
import { Markdown } from "./markdown/markdown.js";
import type { HttpTutorStream } from "./use-http-tutor-stream.js";

type RenderMessage = ((message: ChatMessage) => ReactNode) | undefined;

export function MessageList({ tutor, renderMessage }: { tutor: HttpTutorStream; renderMessage: RenderMessage }) {
  const { messages, hasOlder, loadOlder, isStreaming } = tutor;
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
            onContinue={message === messages.at(-1) && !isStreaming && canContinue(message) ? tutor.goOn : undefined}
            onRegenerate={canRegenerate(message, tutor) ? tutor.regenerate : undefined}
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
  const { id, role, status } = message;
  const unfinished = status === "stopped" || status === "interrupted" || status === "failed";
  return (
    <li className="tutorstream-message" data-role={role} data-status={status}>
      <span className="tutorstream-author">{role === "user" ? "You" : "Tutor"}</span>
      {renderMessage ? renderMessage(message) : <Content message={message} />}
      {unfinished && <small className="tutorstream-unfinished">{UNFINISHED[status]}</small>}
      {onContinue && (
        <button type="button" onClick={() => void onContinue(id)}>
          Continue
        </button>
      )}
      {onRegenerate && (
        <button type="button" onClick={() => void onRegenerate(id)}>
          Answer again
        </button>
      )}
    </li>
  );
});

/** What a learner has written stays as it is: stars and all. */
function Content({ message: { role, content } }: { message: ChatMessage }) {
  if (role === "assistant") return <Markdown text={content} />;
  return (
    <div dir="auto" style={{ whiteSpace: "pre-wrap" }}>
      {content}
    </div>
  );
}

const UNFINISHED = {
  stopped: "You stopped this reply.",
  interrupted: "This reply was cut short.",
  failed: "This reply failed.",
} as const;
