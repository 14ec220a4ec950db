/** The top of the page: the title, who answers, and notices that concern the whole page. */

import type { ProviderInfo } from "../../src/index.js";
import { type PageState, threadPhase } from "../state.js";
import { byId, setText } from "./dom.js";

export class HeaderView {
  readonly #title = byId("title");
  readonly #provider = byId("provider");
  readonly #practice = byId("practice");
  readonly #offline = byId("offline");

  update(state: PageState): void {
    const { chat, provider } = state;
    const title = titleOf(state);
    setText(this.#title, title);
    document.title = chat.sessionId === null ? "Tutorstream" : `${title} – Tutorstream`;
    setText(this.#provider, answeredBy(provider));
    this.#practice.hidden = !provider?.practice;
    this.#offline.hidden = chat.online;
  }
}

function titleOf({ sessions, chat }: PageState): string {
  if (chat.sessionId === null) return "New chat";
  if (threadPhase(chat) === "missing") return "Not found";
  const session = sessions.find(({ id }) => id === chat.sessionId) ?? chat.session;
  return session ? session.title || "Untitled chat" : "Conversation";
}

function answeredBy(provider: ProviderInfo | null): string {
  // The banner says that it is the practice tutor.
  if (!provider || provider.practice) return "";
  return [...new Set([provider.name, provider.model])].filter(Boolean).join(" · ");
}
