/** All that the page shows, as one value. Patches replace parts, never change them: views compare by identity. */

import type { ChatError, ChatSnapshot, ProviderInfo, Session } from "../src/index.js";

export type Phase = "loading" | "ready" | "error";

export interface Toast {
  title: string;
  detail: string;
}

export interface PageState {
  readonly sessions: readonly Session[];
  readonly sessionsPhase: Phase;
  readonly sessionsCursor: string | null;
  readonly sessionsError: string | null;
  readonly provider: ProviderInfo | null;
  /** The open conversation. */
  readonly chat: ChatSnapshot;
  readonly loadingOlder: boolean;
  /** The learner has asked for the end of the running reply. */
  readonly stopping: boolean;
  readonly toast: Toast | null;
}

/** How much of the open conversation is there. */
export type ThreadPhase = Phase | "draft" | "missing";

export function threadPhase({ sessionId, loaded, deleted, error, messages }: ChatSnapshot): ThreadPhase {
  if (deleted) return "missing";
  if (sessionId === null) return "draft";
  if (loaded || messages.length > 0) return "ready";
  if (error === null) return "loading";
  return ["not-found", "invalid-id"].includes(error.code) ? "missing" : "error";
}

export function isBusy({ status }: ChatSnapshot): boolean {
  return status === "submitted" || status === "streaming";
}

export class PageStore {
  #state: PageState;
  readonly #onChange: () => void;

  constructor(chat: ChatSnapshot, onChange: () => void) {
    this.#onChange = onChange;
    this.#state = {
      sessions: [],
      sessionsPhase: "loading",
      sessionsCursor: null,
      sessionsError: null,
      provider: null,
      chat,
      loadingOlder: false,
      stopping: false,
      toast: null,
    };
  }

  get state(): PageState {
    return this.#state;
  }

  set(patch: Partial<PageState>): void {
    this.#state = { ...this.#state, ...patch };
    this.#onChange();
  }

  notify(title: string, detail = ""): void {
    this.set({ toast: { title, detail } });
  }

  /** Says what went wrong with something that the learner asked for. */
  report(title: string, cause: ChatError | unknown): void {
    this.notify(title, cause instanceof Error ? cause.message : "");
  }
}
