import { useState } from "react";
import { useHttpTutorStream } from "tutorstream/react";

const SESSION = "tutor.session";

/** The smallest chat that survives a reload: the session's id is kept for the tab. Text as it comes, Markdown's marks and all. */
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
      {focus && <p>{`Working on: ${focus.topic}`}</p>}
      {messages.map((message) => (
        <div key={message.key}>
          <strong>{message.role === "user" ? "You" : "Tutor"}:</strong>
          <p dir="auto" style={{ whiteSpace: "pre-wrap" }}>
            {message.content}
          </p>
        </div>
      ))}
      {error && (
        <p role="alert">
          <span>{error.title}</span> <button onClick={retry}>Try again</button>
        </p>
      )}
      <input aria-label="Your message" dir="auto" value={draft} onChange={(event) => setDraft(event.target.value)} />
      <button disabled={draft.trim() === ""} onClick={() => void send()}>
        Send
      </button>
      <button
        disabled={sessionId === null}
        onClick={() => {
          sessionStorage.removeItem(SESSION);
          setSessionId(null);
        }}
      >
        New chat
      </button>
      {isStreaming && <button onClick={stop}>Stop</button>}
    </section>
  );
}
