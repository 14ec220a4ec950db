/**
 * What lives while a chat is open: the request that runs, the queue of what is to be sent, and the view of the
 * session. Ends with `close`, and leaves turns and unsent messages as they are.
 */

import type { TurnEvents, TurnStreamOptions, TutorClient } from "../client.js";
import { isOnline, onWake } from "../environment.js";
import { NetworkError, Problem } from "../http/problem.js";
import { hold } from "../locks.js";
import { type OutboxEntry, requestOf } from "../outbox/entry.js";
import type { Outbox } from "../outbox/outbox.js";
import { openLock, sendElsewhere } from "../outbox/shared.js";
import { Backoff } from "../stream/backoff.js";
import type { Accepted } from "../stream/turn.js";
import { foldEnded, runningTurn } from "./conversation.js";
import { type Delivery, Queue } from "./queue.js";
import { Run, type RunOptions } from "./run.js";
import { SessionView } from "./session-view.js";
import type { ChatStore } from "./store.js";

export interface OpenChatOptions {
  client: TutorClient;
  outbox: Outbox;
  store: ChatStore;
  feed: boolean;
  /** The conversation's name in the outbox. */
  conversation: () => string;
  /** The server has stored a message: in this session. */
  onSession: (sessionId: string) => void;
  onFailure: (cause: unknown) => void;
}

export class OpenChat {
  readonly queue: Queue;
  readonly view: SessionView;
  readonly #options: OpenChatOptions;
  readonly #closed = new AbortController();
  readonly #endings: (() => void)[];
  #run: Run | null = null;
  /** A turn that this chat followed until its connection was lost for good. Only its own stream can go on. */
  #lost: string | null = null;
  readonly #loading = new Backoff();
  #loadTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OpenChatOptions) {
    this.#options = options;
    const { client, outbox, store, feed, conversation } = options;
    this.queue = new Queue({
      outbox,
      conversation,
      deliver: (entry) => this.#deliver(entry),
      isBusy: () => this.busy,
      onFailure: (cause) => this.#fail(cause),
    });
    this.view = new SessionView({
      client,
      store,
      feed,
      ownTurn: () => this.#run?.turnId ?? this.#lost,
      onUnfollowed: (turnId) => void this.#followTurn(turnId),
    });
    this.#endings = [
      hold(openLock(outbox, conversation())),
      outbox.subscribe(() => this.#showEntries()),
      onWake(() => void this.#wake()),
      listenOffline(() => store.update({ online: isOnline() })),
    ];
  }

  get busy(): boolean {
    return this.#run !== null || runningTurn(this.#options.store.state.conversation) !== null;
  }

  async start(): Promise<void> {
    const { client, outbox, store } = this.#options;
    const { signal } = this.#closed;
    store.update({ online: isOnline() });
    await this.guard(() => outbox.load());
    if (!signal.aborted) await this.refresh();
    if (signal.aborted) return;
    this.queue.pump();
    await this.guard(() => sendElsewhere(outbox, client, signal));
  }

  close(): void {
    this.#closed.abort();
    clearTimeout(this.#loadTimer);
    for (const end of this.#endings) end();
    this.queue.close();
    this.view.close();
    this.#run?.leave();
  }

  /** Looks at the server's messages again, and goes on with a turn that was lost. */
  async refresh(): Promise<void> {
    const { sessionId } = this.#options.store.state;
    if (sessionId !== null) await this.guard(() => this.#load(sessionId));
    if (this.#lost !== null) await this.#followTurn(this.#lost);
  }

  /** Makes a request that starts a turn, and shows the turn to its end; does nothing while another runs. */
  async act(open: (options: TurnStreamOptions) => TurnEvents): Promise<void> {
    if (this.busy) return;
    await this.#show(this.#newRun({}), open);
  }

  async stop(): Promise<void> {
    this.queue.hold();
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

  /** What may pass is tried again until there is something to show. */
  async #load(sessionId: string): Promise<void> {
    clearTimeout(this.#loadTimer);
    const { store } = this.#options;
    const { loaded, error } = store.state;
    try {
      await this.view.load(sessionId);
    } catch (cause) {
      const passing = (cause instanceof NetworkError || cause instanceof Problem) && cause.retryable;
      if (passing && !loaded && !this.#closed.signal.aborted) {
        this.#loadTimer = setTimeout(() => void this.refresh(), this.#loading.fail());
      }
      throw cause;
    }
    this.#loading.progress();
    // The only thing that can have gone wrong before there was anything.
    if (!loaded && store.state.error === error) store.update({ error: null });
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
      return null;
    } catch (cause) {
      const { turns } = this.#options.store.state.conversation;
      this.#lost = run.turnId !== null && turns[run.turnId]?.status === "streaming" ? run.turnId : null;
      return { cause };
    } finally {
      if (this.#run === run) this.#run = null;
    }
  }

  async #followTurn(turnId: string): Promise<void> {
    if (this.#run !== null || this.#closed.signal.aborted) return;
    const { client, store } = this.#options;
    const lastEventId = store.state.conversation.turns[turnId]?.lastEventId ?? 0;
    const run = this.#newRun({ turnId });
    await this.#show(run, (options) => client.followTurn(turnId, { ...options, lastEventId }));
  }

  #deliver(entry: OutboxEntry): Delivery {
    const { client } = this.#options;
    let ended: Promise<void> = Promise.resolve();
    const accepted = new Promise<Accepted>((resolve, reject) => {
      const onAccepted = (value: Accepted) => {
        this.#accept(value);
        resolve(value);
      };
      const run = this.#newRun({ onAccepted, entry });
      const following = this.#follow(run, (options) => client.streamChat(requestOf(entry), options));
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
    const { outbox, store, onSession } = this.#options;
    if (store.state.sessionId !== null) return;
    store.update({ sessionId, loaded: true });
    this.#endings.push(hold(openLock(outbox, sessionId)));
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

  #showEntries(): void {
    const { outbox, store, conversation } = this.#options;
    const name = conversation();
    store.update({ entries: outbox.entries.filter((entry) => entry.conversation === name) });
  }

  async #wake(): Promise<void> {
    this.#options.store.update({ online: isOnline() });
    // What was lost, or never loaded, may be had now.
    if (this.#lost !== null || !this.#options.store.state.loaded) await this.refresh();
  }

  #fail(cause: unknown): void {
    if (!this.#closed.signal.aborted && !isAbort(cause)) this.#options.onFailure(cause);
  }
}

/** Somebody has left, which is no failure. */
function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === "AbortError";
}

function listenOffline(listener: () => void): () => void {
  globalThis.addEventListener?.("offline", listener);
  return () => globalThis.removeEventListener?.("offline", listener);
}
