/**
 * What lives while a chat is open and the same user acts: the request that runs, the queue of what is to be sent, and
 * the view of the session. Ends with `close`, and leaves turns and unsent messages as they are.
 */

import type { TurnEvents, TurnStreamOptions, TutorClient } from "../client.js";
import { onWake } from "../environment.js";
import { NetworkError, Problem } from "../http/problem.js";
import type { Owner } from "../identity/owner.js";
import { type OutboxEntry, requestOf } from "../outbox/entry.js";
import type { Outbox, Tries } from "../outbox/outbox.js";
import { isAbort } from "../outbox/outcome.js";
import { sendElsewhere } from "../outbox/shared.js";
import type { Accepted } from "../stream/turn.js";
import { foldEnded, runningTurn } from "./conversation.js";
import { Loading } from "./loading.js";
import { Place } from "./place.js";
import { type Delivery, Queue } from "./queue.js";
import { Run, type RunOptions } from "./run.js";
import { SessionView } from "./session-view.js";
import type { ChatStore } from "./store.js";

export interface OpenChatOptions {
  client: TutorClient;
  outbox: Outbox;
  store: ChatStore;
  feed: boolean;
  /** A draft of this owner that the chat has had before. */
  draftOf: (owner: Owner) => string | null;
  /** Whether somebody else acted before. */
  isChanged: boolean;
  /** Who acts is known now, and nothing of theirs is shown yet. */
  onOwner: (owner: Owner) => void;
  /** The server has stored a message: in this session. */
  onSession: (sessionId: string) => void;
  onFailure: (cause: unknown) => void;
}

export class OpenChat {
  readonly queue: Queue;
  readonly view: SessionView;
  /** Who acts is known, and what they have not sent. */
  readonly ready: Promise<void>;
  readonly #options: OpenChatOptions;
  readonly #place: Place;
  readonly #closed = new AbortController();
  readonly #endings: (() => void)[] = [];
  #run: Run | null = null;
  /** A turn that this chat followed until its connection was lost for good. Only its own stream can go on. */
  #lost: string | null = null;
  readonly #loading: Loading;

  constructor(options: OpenChatOptions) {
    this.#options = options;
    const { client, store, feed } = options;
    this.#place = new Place(options, {
      signal: this.#closed.signal,
      onOwner: options.onOwner,
      onMoved: (sessionId) => this.#becomeSession(sessionId),
      onStray: () => this.queue.pump(),
      onFailure: (cause) => this.#fail(cause),
    });
    this.queue = new Queue({
      outbox: () => this.#place.outbox,
      conversation: () => this.#place.conversation,
      deliver: (entry, tries) => this.#deliver(entry, tries),
      reach: { isReachable: () => this.#isReachable(), patienceMs: client.reach.patienceMs },
      isBusy: () => this.busy,
      onFailure: (cause) => this.#fail(cause),
      onWaiting: (retryAt) => store.update({ retryAt }),
    });
    this.view = new SessionView({
      client,
      store,
      feed,
      drawer: () => this.#place.owner?.drawer,
      ownTurn: () => this.#run?.turnId ?? this.#lost,
      onUnfollowed: (turnId) => void this.#followTurn(turnId),
    });
    this.#loading = new Loading(store, { load: (sessionId) => this.view.load(sessionId), again: () => void this.refresh() });
    this.#endings.push(onWake(() => void this.#wake()), listenOffline(() => void this.#lookForNetwork()));
    this.ready = this.#start();
  }

  /** Where its messages are kept. */
  get place(): Pick<Place, "owner" | "outbox" | "draft" | "conversation"> {
    return this.#place;
  }

  get busy(): boolean {
    return this.#run !== null || runningTurn(this.#options.store.state.conversation) !== null;
  }

  close(): void {
    this.#closed.abort();
    this.#loading.close();
    for (const end of this.#endings.splice(0)) end();
    this.queue.close();
    this.view.close();
    this.#place.close();
    this.#run?.leave();
  }

  /** The server has named who acts. */
  renamed(): void {
    if (this.#place.outbox !== null) void this.guard(() => this.#place.name());
  }

  /** Looks at the server's messages again, and goes on with a turn that was lost. */
  async refresh(): Promise<void> {
    const { sessionId } = this.#options.store.state;
    if (sessionId !== null) await this.guard(() => this.#loading.load(sessionId));
    if (this.#lost !== null) await this.#followTurn(this.#lost);
  }

  /** Makes a request that starts a turn, and shows the turn to its end; does nothing while another runs. */
  async act(open: (options: TurnStreamOptions) => TurnEvents): Promise<void> {
    if (this.busy) return;
    await this.#show(this.#newRun({}), open);
  }

  async stop(): Promise<void> {
    this.queue.hold("stop");
    const turnId = runningTurn(this.#options.store.state.conversation)?.turnId;
    if (this.#run !== null) await this.#run.stop();
    else if (turnId) await this.#stopTurn(turnId);
  }

  /** Tells what goes wrong, unless the chat was closed. */
  async guard(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #newRun(options: Omit<RunOptions, "store" | "stopTurn">): Run {
    const { store } = this.#options;
    this.#run = new Run({ ...options, store, stopTurn: (turnId) => this.#stopTurn(turnId) });
    return this.#run;
  }

  /** Shows a turn to its end; tells when that fails. */
  async #show(run: Run, open: (options: TurnStreamOptions) => TurnEvents): Promise<void> {
    const failure = await this.#follow(run, open);
    if (failure) this.#fail(failure.cause);
    this.queue.pump();
  }

  /** Resolves with what went wrong, if anything did. */
  async #follow(run: Run, open: (options: TurnStreamOptions) => TurnEvents): Promise<{ cause: unknown } | null> {
    try {
      await run.follow(open);
      this.#lost = null;
      await this.#lookAtEnd(run);
      return null;
    } catch (cause) {
      const { turns } = this.#options.store.state.conversation;
      this.#lost = run.turnId !== null && turns[run.turnId]?.status === "streaming" ? run.turnId : null;
      return { cause };
    } finally {
      if (this.#run === run) this.#run = null;
    }
  }

  /** A stream that has nothing more to tell says nothing of how the turn has ended. */
  async #lookAtEnd({ turnId, isLeft }: Run): Promise<void> {
    const { client, store } = this.#options;
    if (turnId === null || isLeft || store.state.conversation.turns[turnId]?.status !== "streaming") return;
    const turn = await client.getTurn(turnId, { signal: this.#closed.signal });
    if (turn.status === "streaming") throw new NetworkError("The stream has ended before the reply has.");
    store.fold((conversation) => foldEnded(conversation, turn));
  }

  async #followTurn(turnId: string): Promise<void> {
    if (this.#run !== null || this.#closed.signal.aborted) return;
    const { client, store } = this.#options;
    const lastEventId = store.state.conversation.turns[turnId]?.lastEventId ?? 0;
    const run = this.#newRun({ turnId });
    await this.#show(run, (options) => client.followTurn(turnId, { ...options, lastEventId }));
  }

  #deliver(entry: OutboxEntry, tries: Tries): Delivery {
    const { client } = this.#options;
    let ended: Promise<void> = Promise.resolve();
    const accepted = new Promise<Accepted>((resolve, reject) => {
      const onAccepted = (value: Accepted) => {
        this.#accept(value);
        resolve(value);
      };
      const run = this.#newRun({ onAccepted, entry, tries });
      const owner = this.#place.owner ?? undefined;
      const following = this.#follow(run, (options) => client.streamChat(requestOf(entry), { ...options, owner }));
      ended = following.then((failure) => {
        // The queue knows what to do with a message that was not taken.
        if (failure && run.turnId === null) reject(failure.cause);
        else if (failure) this.#fail(failure.cause);
      });
    });
    return { accepted, ended };
  }

  /** A first message makes the draft a session. */
  #accept({ sessionId }: Accepted): void {
    this.#becomeSession(sessionId);
  }

  #becomeSession(sessionId: string): void {
    const { store, onSession } = this.#options;
    if (store.state.sessionId !== null || this.#closed.signal.aborted) return;
    store.update({ sessionId, loaded: true });
    this.#place.becomeSession(sessionId);
    this.view.join(sessionId);
    onSession(sessionId);
  }

  async #stopTurn(turnId: string): Promise<void> {
    const { client, store } = this.#options;
    await this.guard(async () => {
      const turn = await client.stopTurn(turnId);
      store.fold((conversation) => foldEnded(conversation, turn));
    });
  }

  async #start(): Promise<void> {
    const { store } = this.#options;
    void this.#lookForNetwork();
    const loading = store.state.sessionId === null ? null : this.refresh();
    await this.#place.take();
    if (this.#closed.signal.aborted) return;
    void this.#goOn(loading ?? this.refresh());
    void this.guard(() => this.#sendLeft());
  }

  async #goOn(loading: Promise<void>): Promise<void> {
    await loading;
    const { sessionId, loaded } = this.#options.store.state;
    if (this.#closed.signal.aborted) return;
    if (sessionId !== null && loaded) this.view.join(sessionId);
    this.queue.pump();
  }

  /** What is left of the same user's, in this browser. */
  async #sendLeft(): Promise<void> {
    const { signal } = this.#closed;
    await this.#place.name();
    const { outbox } = this.#place;
    if (outbox !== null && !signal.aborted) await sendElsewhere(outbox, this.#options.client, signal);
  }

  async #lookForNetwork(): Promise<void> {
    this.#options.client.reach.forget();
    await this.#isReachable();
  }

  async #isReachable(): Promise<boolean> {
    const { client, store } = this.#options;
    const online = await client.reach.isReachable();
    if (!this.#closed.signal.aborted && online !== store.state.online) store.update({ online });
    return online;
  }

  async #wake(): Promise<void> {
    await this.#lookForNetwork();
    // What was lost, or never loaded, may be had now.
    if (this.#lost !== null || !this.#options.store.state.loaded) await this.refresh();
    if (this.#place.outbox !== null) await this.guard(() => this.#sendLeft());
  }

  #fail(cause: unknown): void {
    // The server takes us for somebody else than we did.
    if (cause instanceof Problem && cause.code === "user-mismatch") void this.#options.client.identity.recheck();
    if (!this.#closed.signal.aborted && !isAbort(cause)) this.#options.onFailure(cause);
  }
}

function listenOffline(listener: () => void): () => void {
  globalThis.addEventListener?.("offline", listener);
  return () => globalThis.removeEventListener?.("offline", listener);
}
