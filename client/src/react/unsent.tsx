"use client";
/** Messages that are not sent yet: why, when they are tried again, and what can be done about them. */

import { type SyntheticEvent, useId, useState } from "react";

import type { UnsentMessage } from "../chat/unsent.js";
import type { HttpTutorStream } from "./use-http-tutor-stream.js";

export function Unsent({ tutor }: { tutor: HttpTutorStream }) {
  const { outbox, unclaimed, resumeOutbox } = tutor;
  if (outbox.length + unclaimed.length === 0) return null;
  return (
    <div className="tutorstream-unsent">
      {outbox.length > 0 && <p>{outbox.length === 1 ? "One message is not sent yet." : `${outbox.length} messages are not sent yet.`}</p>}
      <ul>
        {outbox.map((unsent) => (
          <Item key={unsent.clientMessageId} unsent={unsent} tutor={tutor} />
        ))}
      </ul>
      {outbox.filter(({ state }) => state === "paused").length > 1 && (
        <button type="button" onClick={() => void resumeOutbox()}>
          Send all now
        </button>
      )}
      {unclaimed.length > 0 && (
        <p>
          <span>{unclaimed.length === 1 ? "One unsent message of an earlier sign-in." : `${unclaimed.length} unsent messages of an earlier sign-in.`}</span>
          <button type="button" onClick={() => void tutor.discardUnclaimed()}>
            Discard
          </button>
        </p>
      )}
    </div>
  );
}

function Item({ unsent, tutor }: { unsent: UnsentMessage; tutor: HttpTutorStream }) {
  const [isEdited, setEdited] = useState(false);
  const { clientMessageId, text, words, nextTryAt, actions } = unsent;
  const save = (changed: string) => {
    setEdited(false);
    void tutor.editUnsent(clientMessageId, changed);
  };
  if (isEdited) return <Editor text={text} onSave={save} onCancel={() => setEdited(false)} />;
  return (
    <li data-reason={unsent.reason}>
      <span dir="auto" style={{ whiteSpace: "pre-wrap" }}>
        {text}
      </span>
      <small>{[words.title, words.detail, nextTryAt === null ? "" : `Next try at ${timeOf(nextTryAt)}.`].filter(Boolean).join(" · ")}</small>
      {actions.includes("edit") && (
        <button type="button" aria-label={`Edit: ${text}`} onClick={() => setEdited(true)}>
          Edit
        </button>
      )}
      {actions.includes("retry") && (
        <button type="button" aria-label={`Send now: ${text}`} onClick={() => void tutor.retryUnsent(clientMessageId)}>
          Send now
        </button>
      )}
      <button type="button" aria-label={`Do not send: ${text}`} onClick={() => void tutor.cancelUnsent(clientMessageId)}>
        Do not send
      </button>
    </li>
  );
}

function Editor({ text, onSave, onCancel }: { text: string; onSave: (changed: string) => void; onCancel: () => void }) {
  const [changed, setChanged] = useState(text);
  const id = useId();
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    if (changed.trim() !== "") onSave(changed);
  };
  return (
    <li>
      <form onSubmit={save}>
        <label htmlFor={id}>Change the message</label>
        <textarea id={id} dir="auto" rows={2} value={changed} onChange={(event) => setChanged(event.target.value)} />
        <button type="submit" disabled={changed.trim() === ""}>
          Save and send
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </form>
    </li>
  );
}

function timeOf(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
