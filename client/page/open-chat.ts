/** Which conversation is open: one chat at a time, made anew when another one is chosen. */

import { Chat, type ChatMessage, type TutorClient } from "../src/index.js";
import type { Sessions } from "./sessions.js";
import { PageStore, isBusy } from "./state.js";

interface OpenChatOptions {
  client: TutorClient;
  /** Called after each change of anything that the page shows. */
  onChange: () => void;
  /** A first message has made the draft a session; or somebody else has signed in, and begins with a draft. */
  onSession: (sessionId: string | null) => void;
}

export class OpenChat {
  readonly store: PageStore;
  readonly #options: OpenChatOptions;
  #chat: Chat;
  #sessions: Sessions | null = null;
  #unsubscribe: () => void = () => {};

  constructor(options: OpenChatOptions) {
    this.#options = options;
    this.#chat = this.#make(null);
    this.store = new PageStore(this.#chat.getSnapshot(), options.onChange);
    this.#listen();
  }

  /** The list that shows what happens in the open conversation, too. */
  set sessions(sessions: Sessions) {
    this.#sessions = sessions;
  }

  open(sessionId: string | null): void {
    this.#unsubscribe();
    this.#chat.close();
    this.#chat = this.#make(sessionId);
    this.store.set({ chat: this.#chat.getSnapshot(), stopping: false, loadingOlder: false });
    this.#listen();
    this.#chat.open();
  }

  reload(): void {
    void this.#chat.retry();
  }

  async send(text: string): Promise<void> {
    await this.#chat.send(text);
  }

  async stop(): Promise<void> {
    this.store.set({ stopping: true });
    await this.#chat.stop();
    this.store.set({ stopping: false });
  }

  continue(message: ChatMessage): void {
    void this.#chat.continue(message.id);
  }

  regenerate(message: ChatMessage): void {
    void this.#chat.regenerate(message.id);
  }

  choose(messageId: string): void {
    this.#chat.choose(messageId);
  }

  editUnsent(clientMessageId: string, text: string): void {
    void this.#chat.editUnsent(clientMessageId, text);
  }

  cancelUnsent(clientMessageId: string): void {
    void this.#chat.cancelUnsent(clientMessageId);
  }

  retryUnsent(clientMessageId: string): void {
    void this.#chat.retryUnsent(clientMessageId);
  }

  /** What earlier sign-ins have left and nobody can claim. */
  discardUnclaimed(): void {
    void this.#chat.discardUnclaimed();
  }

  async loadOlder(): Promise<void> {
    this.store.set({ loadingOlder: true });
    await this.#chat.loadOlder();
    this.store.set({ loadingOlder: false });
  }

  #make(sessionId: string | null): Chat {
    const { client, onSession } = this.#options;
    return new Chat({
      client,
      sessionId,
      onSession: (id) => {
        onSession(id);
        void this.#sessions?.load();
      },
    });
  }

  #listen(): void {
    const chat = this.#chat;
    this.#unsubscribe = chat.subscribe(() => this.#show(chat));
  }

  #show(chat: Chat): void {
    const before = this.store.state.chat;
    const snapshot = chat.getSnapshot();
    const { error, deleted, sessionId, loaded, messages } = snapshot;
    this.store.set({ chat: snapshot, ...(isBusy(snapshot) ? {} : { stopping: false }) });
    if (before.user !== null && snapshot.user === null) this.#beginAnew();
    if (snapshot.session !== null && snapshot.session !== before.session) this.#sessions?.show(snapshot.session);
    if (deleted && !before.deleted && sessionId !== null) this.#sessions?.forget(sessionId);
    if (isBusy(before) && !isBusy(snapshot)) void this.#sessions?.load();
    // A reply that failed, a message that was not sent, a conversation that is not there: those say it themselves.
    const told = !loaded || messages.some((message) => message.status === "failed") || snapshot.outbox.length > 0;
    if (error !== null && error !== before.error && !told) this.store.notify(error.title, error.detail);
  }

  /** Somebody else acts from now on: the list was not theirs, either. */
  #beginAnew(): void {
    this.#options.onSession(this.#chat.getSnapshot().sessionId);
    this.#sessions?.reset();
  }
}
