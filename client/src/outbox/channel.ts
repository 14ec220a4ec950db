/** What the tabs that share an outbox say to each other: that it has changed, and where a draft has gone. No texts. */

import { openChannel } from "../channel.js";

type News = { kind: "changed" } | { kind: "moved"; draft: string; sessionId: string };

type Moved = (draft: string, sessionId: string) => void;

export class OutboxChannel {
  readonly #name: () => string;
  readonly #onChange: () => void;
  readonly #movedListeners = new Set<Moved>();
  /** Open while somebody listens: in Deno an open channel keeps the process alive. */
  #channel: BroadcastChannel | null = null;

  constructor(name: () => string, onChange: () => void) {
    this.#name = name;
    this.#onChange = onChange;
  }

  listen(): void {
    if (this.#channel !== null) return;
    this.#channel = openChannel(this.#name());
    if (this.#channel !== null) this.#channel.onmessage = ({ data }: MessageEvent<News>) => this.#hear(data);
  }

  hangUp(): void {
    this.#channel?.close();
    this.#channel = null;
  }

  onMoved(listener: Moved): () => void {
    this.#movedListeners.add(listener);
    return () => this.#movedListeners.delete(listener);
  }

  tell(): void {
    this.#say({ kind: "changed" });
  }

  tellMoved(draft: string, sessionId: string): void {
    this.#say({ kind: "moved", draft, sessionId });
  }

  #hear(news: News): void {
    // Before the change, so that who follows the draft knows the session that its messages are in.
    if (news.kind === "moved") for (const listener of [...this.#movedListeners]) listener(news.draft, news.sessionId);
    this.#onChange();
  }

  #say(news: News): void {
    const channel = this.#channel ?? openChannel(this.#name());
    channel?.postMessage(news);
    if (channel !== this.#channel) channel?.close();
  }
}
