// Where the learner writes. What is not sent yet survives a change of conversation and a reload.

import { icon } from "./dom.js";

const MAX_HEIGHT_PX = 220;

export class Composer {
  #actions;
  #form = document.getElementById("composer");
  #input = document.getElementById("input");
  #button = document.getElementById("send");
  #sessionId;
  #turn = null;
  #blocked = false;
  #look = "";

  constructor(actions) {
    this.#actions = actions;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#act();
    });
    // The address names the conversation, so the link must not change it.
    document.getElementById("skip").addEventListener("click", (event) => {
      event.preventDefault();
      this.#input.focus();
    });
    this.#input.addEventListener("input", () => this.#changed());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.#turn) this.#act();
    });
  }

  /** Not where that would bring up an on-screen keyboard. */
  focus() {
    if (window.matchMedia("(pointer: coarse)").matches) return;
    this.#input.focus({ preventScroll: true });
  }

  update({ sessionId, turn, threadPhase }) {
    if (sessionId !== this.#sessionId) this.#switchTo(sessionId);
    this.#turn = turn;
    this.#blocked = threadPhase === "missing" || threadPhase === "loading" || threadPhase === "error";
    this.#showButton();
  }

  #act() {
    this.focus();
    if (this.#turn) return this.#actions.stop();
    const text = this.#input.value.trim();
    if (text === "" || this.#blocked) return;
    this.#input.value = "";
    this.#changed();
    this.#actions.send(text);
  }

  #changed() {
    remember(this.#sessionId, this.#input.value);
    this.#fit();
    this.#showButton();
  }

  #switchTo(sessionId) {
    this.#sessionId = sessionId;
    this.#input.value = recall(sessionId);
    this.#fit();
  }

  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, MAX_HEIGHT_PX)}px`;
  }

  #showButton() {
    const label = this.#turn ? (this.#turn.stopping ? "Stopping" : "Stop") : "Send";
    const idle = !this.#turn && (this.#input.value.trim() === "" || this.#blocked);
    this.#button.disabled = idle || Boolean(this.#turn?.stopping);
    if (label === this.#look) return;
    this.#look = label;
    this.#button.classList.toggle("is-stop", this.#turn !== null);
    this.#button.setAttribute("aria-label", label === "Send" ? "Send message" : `${label} reply`);
    this.#button.title = label;
    const mark = document.createElement("span");
    mark.className = "stop-mark";
    this.#button.replaceChildren(this.#turn ? mark : icon("up"));
  }
}

const keyOf = (sessionId) => `tutorstream.draft.${sessionId ?? "new"}`;

function recall(sessionId) {
  try {
    return window.sessionStorage.getItem(keyOf(sessionId)) ?? "";
  } catch {
    return "";
  }
}

function remember(sessionId, text) {
  try {
    if (text === "") window.sessionStorage.removeItem(keyOf(sessionId));
    else window.sessionStorage.setItem(keyOf(sessionId), text);
  } catch {
    // Without storage a draft lives as long as the page.
  }
}
