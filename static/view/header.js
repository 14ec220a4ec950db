// The top of the page: the title, who answers, and notices that concern the whole page.

import { el, iconButton } from "./dom.js";

export class HeaderView {
  #title = document.getElementById("title");
  #provider = document.getElementById("provider");
  #practice = document.getElementById("practice");
  #offline = document.getElementById("offline");

  update(state) {
    const { sessionId, provider, online } = state;
    const title = titleOf(state);
    setText(this.#title, title);
    document.title = sessionId === null ? "Tutorstream" : `${title} – Tutorstream`;
    setText(this.#provider, answeredBy(provider));
    this.#practice.hidden = !provider?.practice;
    this.#offline.hidden = online;
  }
}

function titleOf({ sessions, sessionId, threadPhase }) {
  if (sessionId === null) return "New chat";
  if (threadPhase === "missing") return "Not found";
  const session = sessions.find((each) => each.id === sessionId);
  return session ? session.title || "Untitled chat" : "Conversation";
}

function answeredBy(provider) {
  if (!provider) return "";
  return [provider.name, provider.model].filter((part, at, all) => part && all.indexOf(part) === at).join(" · ");
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const TOAST_MS = 8000;

/** A short-lived message about something that did not work. */
export class Toast {
  #slot = document.getElementById("toast");
  #shown = null;
  #timer;
  #dismiss;

  constructor(dismiss) {
    this.#dismiss = dismiss;
  }

  update({ toast }) {
    if (toast === this.#shown) return;
    this.#shown = toast;
    clearTimeout(this.#timer);
    this.#slot.replaceChildren();
    if (toast === null) return;
    this.#timer = setTimeout(this.#dismiss, TOAST_MS);
    const words = el("div", {}, el("strong", { text: toast.title }), toast.detail && el("span", { text: toast.detail }));
    this.#slot.append(el("div", { class: "toast" }, words, iconButton("close", "Dismiss", this.#dismiss)));
  }
}
