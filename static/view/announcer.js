// Tells screen readers that a reply began, ended or failed; the text itself is theirs to read.

const ENDINGS = {
  complete: "The reply is complete.",
  stopped: "The reply was stopped.",
  interrupted: "The reply was cut off.",
  failed: "The reply failed.",
};

export class Announcer {
  #region = document.getElementById("announcer");
  #running = null;
  #sessionId = null;

  update({ turn, messages, sessionId }) {
    if (sessionId !== this.#sessionId && this.#sessionId !== null) this.#running = null;
    this.#sessionId = sessionId;
    const reply = messages.findLast((message) => message.role === "assistant");
    const unsent = messages.some((message) => message.delivery === "failed");
    if (turn && this.#running === null) this.#say("The tutor is answering.");
    if (!turn && this.#running !== null) this.#say(unsent ? "The message was not sent." : ENDINGS[reply?.status]);
    this.#running = turn ? reply?.key ?? null : null;
  }

  #say(text) {
    if (text) this.#region.textContent = text;
  }
}
