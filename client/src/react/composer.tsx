"use client";
/** Where a message is written. Enter sends, Shift+Enter begins a new line; on a telephone, which has no Shift+Enter, Enter does. */

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
    if (event.key === "Enter" && !event.shiftKey && !isComposing(event) && !isTouched()) send(event);
  };
  return (
    <form className="tutorstream-composer" onSubmit={send}>
      <label htmlFor={id}>Your message</label>
      <textarea
        id={id}
        dir="auto"
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

/**
 * Enter that ends the input of a composed character (Japanese, say) is not meant for us. Safari tells it after the end of
 * the composition, by a code that no key has.
 */
function isComposing({ nativeEvent: { isComposing: composes, keyCode } }: KeyboardEvent): boolean {
  return composes || keyCode === 229;
}

function isTouched(): boolean {
  return globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;
}
