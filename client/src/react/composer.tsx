"use client";
/** Where a message is written. Enter sends, Shift+Enter begins a new line. */

import { type KeyboardEvent, type SyntheticEvent, useId, useState } from "react";

interface ComposerProps {
  isStreaming: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
}

export function Composer({ isStreaming, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState("");
  const id = useId();
  const send = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    onSend(text);
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the input of a composed character (Japanese, say) is not meant for us.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
  };
  return (
    <form className="tutorstream-composer" onSubmit={send}>
      <label htmlFor={id}>Your message</label>
      <textarea
        id={id}
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" disabled={text.trim() === ""}>
        Send
      </button>
      {isStreaming && (
        <button type="button" onClick={onStop}>
          Stop
        </button>
      )}
    </form>
  );
}
