import { useState } from "react";
import { useHttpTutorStream } from "tutorstream/react";

const SESSION = "tutor.session";

/** The smallest chat that survives a reload: the session's id is kept for the tab. */
export function PocketTutor() {
  const [sessionId, setSessionId] = useState(() => sessionStorage.getItem(SESSION));
  const [draft, setDraft] = useState("");
  const { messages, sendMessage, isStreaming, stop, error, retry, focus } = useHttpTutorStream({
    sessionId,
    onSession: (id) => {
      sessionStorage.setItem(SESSION, id);
      setSessionId(id);
    },
    onError: (problem) => console.warn(problem.code),
  });
  const send = async () => {
    setDraft("");
    await sendMessage(draft);
  };
  return (
    <section aria-label="Chat with the tutor">
      {focus && <p>Working on: {focus.topic}</p>}
      {messages.map((message) => (
        <p key={message.key}>
          <strong>{message.role === "user" ? "You" : "Tutor"}:</strong> {message.content}
        </p>
      ))}
      {error && (
        <p role="alert">
          {error.title} <button onClick={() => void retry()}>Try again</button>
        </p>
      )}
      <input aria-label="Your message" value={draft} onChange={(event) => setDraft(event.target.value)} />
      <button disabled={draft.trim() === ""} onClick={() => void send()}>
        Send
      </button>
      {isStreaming && <button onClick={() => void stop()}>Stop</button>}
    </section>
  );
}
