/** Where the learner writes. What is not sent yet survives a change of conversation and a reload. */

import type { Actions } from "../main.js";
import { type PageState, isBusy, threadPhase } from "../state.js";
import { byId, icon } from "./dom.js";

const MAX_HEIGHT_PX = 220;

export class Composer {
  readonly #actions: Actions;
  readonly #input = byId<HTMLTextAreaElement>("input");
  readonly #button = byId<HTMLButtonElement>("send");
  #sessionId: string | null | undefined;
  #busy = false;
  #stopping = false;
  #blocked = false;
  #look = "";

  constructor(actions: Actions) {
    this.#actions = actions;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act();
    });
    // The address names the conversation, so the link must not change it.
    byId("skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.#input.focus();
    });
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
  }

  /** Not where that would bring up an on-screen keyboard. */
  focus(): void {
    if (window.matchMedia("(pointer: coarse)").matches) return;
    this.#input.focus({ preventScroll: true });
  }

  update({ chat, stopping }: PageState): void {
    if (chat.sessionId !== this.#sessionId) this.#switchTo(chat.sessionId);
    this.#busy = isBusy(chat);
    this.#stopping = stopping;
    this.#blocked = ["missing", "loading", "error"].includes(threadPhase(chat));
    this.#showButton();
  }

  #act(): void {
    this.focus();
    if (this.#busy) this.#actions.stop();
    else this.#send();
  }

  /** Also while a reply is written: the message waits for its end. */
  #send(): void {
    const text = this.#input.value.trim();
    if (text === "" || this.#blocked) return;
    this.#input.value = "";
    this.#changed();
    this.#actions.send(text);
  }

  #changed(): void {
    remember(this.#sessionId, this.#input.value);
    this.#fit();
    this.#showButton();
  }

  #switchTo(sessionId: string | null): void {
    this.#sessionId = sessionId;
    this.#input.value = recall(sessionId);
    this.#fit();
  }

  #fit(): void {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, MAX_HEIGHT_PX)}px`;
  }

  #showButton(): void {
    const label = this.#busy ? (this.#stopping ? "Stopping" : "Stop") : "Send";
    const idle = !this.#busy && (this.#input.value.trim() === "" || this.#blocked);
    this.#button.disabled = idle || (this.#busy && this.#stopping);
    if (label === this.#look) return;
    this.#look = label;
    this.#button.classList.toggle("is-stop", this.#busy);
    this.#button.setAttribute("aria-label", label === "Send" ? "Send message" : `${label} reply`);
    this.#button.title = label;
    const mark = document.createElement("span");
    mark.className = "stop-mark";
    this.#button.replaceChildren(this.#busy ? mark : icon("up"));
  }
}

const keyOf = (sessionId: string | null | undefined) => `tutorstream.draft.${sessionId ?? "new"}`;

function recall(sessionId: string | null): string {
  try {
    return window.sessionStorage.getItem(keyOf(sessionId)) ?? "";
  } catch {
    return "";
  }
}

function remember(sessionId: string | null | undefined, text: string): void {
  try {
    if (text === "") window.sessionStorage.removeItem(keyOf(sessionId));
    else window.sessionStorage.setItem(keyOf(sessionId), text);
  } catch {
    // Without storage a draft lives as long as the page.
  }
}
