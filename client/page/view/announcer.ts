/** Tells screen readers that a reply began, ended or failed; the text itself is theirs to read. */

import { type PageState, isBusy } from "../state.js";
import { byId } from "./dom.js";

const ENDINGS: Readonly<Record<string, string>> = {
  complete: "The reply is complete.",
  stopped: "The reply was stopped.",
  interrupted: "The reply was cut off.",
  failed: "The reply failed.",
};

export class Announcer {
  readonly #region = byId("announcer");
  #busy = false;
  #sessionId: string | null = null;

  update({ chat }: PageState): void {
    const busy = isBusy(chat);
    if (chat.sessionId !== this.#sessionId && this.#sessionId !== null) this.#busy = false;
    this.#sessionId = chat.sessionId;
    if (busy && !this.#busy) this.#say("The tutor is answering.");
    if (!busy && this.#busy) this.#say(ending(chat));
    this.#busy = busy;
  }

  #say(text: string): void {
    this.#region.textContent = text;
  }
}

function ending({ outbox, messages }: PageState["chat"]): string {
  if (outbox.some(({ state }) => state === "failed")) return "The message was not sent.";
  const reply = messages.findLast(({ role }) => role === "assistant");
  return ENDINGS[reply?.status ?? ""] ?? "";
}
