/**
 * Where an open chat's messages are kept: whose they are, and the name of the conversation among them, which changes
 * when a draft becomes a session. Holds what no other chat may have at the same time. Sends nothing.
 */

import type { TutorClient } from "../client.js";
import { pause } from "../environment.js";
import { tellUser } from "../identity/elsewhere.js";
import type { Owner } from "../identity/owner.js";
import { hold } from "../locks.js";
import type { Outbox } from "../outbox/outbox.js";
import { openLock, ownOutbox } from "../outbox/shared.js";
import { Backoff } from "../stream/backoff.js";
import { type HeldDraft, claimDraft } from "./draft.js";
import type { ChatStore } from "./store.js";

export interface PlaceOptions {
  client: TutorClient;
  /** Everybody's. */
  outbox: Outbox;
  store: ChatStore;
  draftOf: (owner: Owner) => string | null;
  /** Somebody else acted before: who is back is known by name alone. */
  isChanged: boolean;
}

export interface PlaceEvents {
  signal: AbortSignal;
  /** Who acts is known, and nothing of theirs is shown yet. */
  onOwner: (owner: Owner) => void;
  /** Another tab has sent what was written in the same draft. */
  onMoved: (sessionId: string) => void;
  /** A message is on its way, by another tab or by one that is gone. */
  onStray: () => void;
  onFailure: (cause: unknown) => void;
}

export class Place {
  readonly #options: PlaceOptions;
  readonly #events: PlaceEvents;
  readonly #endings: (() => void)[] = [];
  #outbox: Outbox | null = null;
  #draft: HeldDraft | null = null;
  #silence: () => void = () => {};

  constructor(options: PlaceOptions, events: PlaceEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** The owner's part; null while it is not known who acts. */
  get outbox(): Outbox | null {
    return this.#outbox;
  }

  get owner(): Owner | null {
    return this.#outbox?.owner ?? null;
  }

  /** The draft's name, as long as it is one. */
  get draft(): string | null {
    return this.#draft?.name ?? null;
  }

  get conversation(): string {
    return this.#options.store.state.sessionId ?? this.#draft?.name ?? "";
  }

  /** Resolves when who acts is known and what they have not sent is shown, or when the chat is closed. */
  async take(): Promise<void> {
    const { client, outbox, store } = this.#options;
    const { signal, onOwner } = this.#events;
    const owner = await this.#findOwner();
    if (owner === null) return;
    onOwner(owner);
    const own = ownOutbox(outbox, client, owner);
    if (store.state.sessionId === null) await this.#takeDraft(owner);
    if (signal.aborted) return this.close();
    this.#outbox = own;
    store.update({ user: owner.user });
    const endings = [
      hold(openLock(own, this.conversation)),
      own.subscribe(() => this.#show()),
      own.onMoved((draft, sessionId) => draft === this.draft && this.#events.onMoved(sessionId)),
    ];
    this.#endings.push(...endings);
    await own.load().catch(this.#events.onFailure);
  }

  /** Has the server name who acts: what they have written under other tokens is theirs, too. */
  async name(): Promise<void> {
    const { client, store } = this.#options;
    const user = await client.identity.named();
    const { current } = client.identity;
    if (this.#outbox === null || this.#events.signal.aborted) return;
    if (current !== null && user !== null) await this.#outbox.claim(current);
    if (user !== null) this.#tell(user);
    store.update({ user: current?.user ?? user, unclaimed: await this.#outbox.unclaimed() });
  }

  becomeSession(sessionId: string): void {
    if (this.#outbox !== null) this.#endings.push(hold(openLock(this.#outbox, sessionId)));
    this.#draft?.end();
    this.#draft = null;
    this.#show();
  }

  close(): void {
    for (const end of this.#endings.splice(0)) end();
    this.#silence();
    const name = this.draft;
    this.#draft?.release(this.#outbox?.entries.some(({ conversation }) => conversation === name) ?? false);
    this.#draft = null;
  }

  /** Null when the chat is closed first. */
  async #findOwner(): Promise<Owner | null> {
    const { signal, onFailure } = this.#events;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        const { client, isChanged } = this.#options;
        const owner = await (isChanged ? client.identity.ownerByName() : client.identity.owner());
        return signal.aborted ? null : owner;
      } catch (cause) {
        // The same again is no news.
        if (backoff.failures === 0) onFailure(cause);
        await pause(backoff.fail(), signal).catch(() => {});
      }
    }
    return null;
  }

  async #takeDraft(owner: Owner): Promise<void> {
    const { client, draftOf } = this.#options;
    this.#draft = await claimDraft(`${client.baseUrl}:${owner.drawer}`, draftOf(owner));
  }

  #tell(user: string): void {
    const { client, store } = this.#options;
    this.#silence();
    this.#silence = tellUser(client.baseUrl, user, (other) => {
      store.update({ signedInElsewhere: other === user ? null : other });
      // Cookies are shared by all tabs.
      if (other !== user) void client.identity.recheck();
    });
  }

  #show(): void {
    const { store } = this.#options;
    const name = this.conversation;
    const entries = (this.#outbox?.entries ?? []).filter((entry) => entry.conversation === name);
    store.update({ entries });
    const own = store.state.run?.entry?.clientMessageId;
    if (entries.some((entry) => entry.state === "sending" && entry.clientMessageId !== own)) this.#events.onStray();
  }
}
