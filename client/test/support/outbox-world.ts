/**
 * Two tabs with the real outbox, over a storage, a lock and a server that do what a script says. A script is a list of
 * moves; the same script always leads to the same world.
 */

import { vi } from "vitest";

import { NetworkError, Outbox, Problem } from "../../src/index.js";
import type { Entries, OutboxEntry, OutboxStorage, Tries } from "../../src/index.js";
import { Stopped } from "../../src/outbox/outcome.js";
import { aborted } from "../../src/environment.js";

export type TabName = "A" | "B";

/** How a sending ends. `lost`: the server has the message and its answer does not come. */
export const ENDINGS = ["accepted", "lost", "unreachable", "refused", "put off", "lost, then refused", "closed", "closed late", "stopped"] as const;
export type Ending = (typeof ENDINGS)[number];

export type Move =
  | { move: "write"; tab: TabName }
  | { move: "send"; tab: TabName }
  | { move: "end"; tab: TabName; ending: Ending }
  /** The server has taken the message, and the storage takes no note of it. */
  | { move: "accepted, not noted"; tab: TabName }
  | { move: "crash"; tab: TabName }
  /** The other tab takes the lock of one that sleeps, which later wakes. */
  | { move: "take over"; tab: TabName }
  | { move: "edit" | "discard" | "retry"; at: number }
  | { move: "stop" | "let go" };

const DISTURBANCES = new Set(["accepted, not noted", "crash", "take over", "edit", "discard", "stop"]);

export const CONVERSATION = "draft:1";
const SESSION = "session-1";

interface Sending {
  entry: OutboxEntry;
  tries: Tries;
  resolve: (value: { sessionId: string }) => void;
  reject: (cause: unknown) => void;
}

/** A message as the learner means it. */
export interface Intent {
  text: string;
  discarded: boolean;
  /** How often the server may have it: once, and once more for each change of one that was said to have arrived, perhaps. */
  atMost: number;
}

class Tab {
  outbox: Outbox;
  sending: Sending | null = null;
  isAlive = true;
  failsNext = false;

  constructor(world: OutboxWorld) {
    const storage: OutboxStorage = {
      read: () => world.read(),
      change: (change) => (this.isAlive ? this.#change(world, change) : new Promise(() => {})),
    };
    this.outbox = new Outbox({ name: "model", storage });
  }

  #change(world: OutboxWorld, change: (entries: Entries) => Entries): Promise<Entries> {
    if (this.failsNext) {
      this.failsNext = false;
      return Promise.reject(new Error("the transaction was aborted"));
    }
    return world.change(change);
  }
}

export class OutboxWorld {
  entries: Entries = [];
  readonly intents: Intent[] = [];
  /** What the server has, by key and in order. */
  readonly stored = new Map<string, string>();
  readonly tabs: Record<TabName, Tab>;
  readonly #locks = new ModelLocks();
  counts = { messages: 0, failures: 0, disturbances: 0 };

  constructor() {
    vi.stubGlobal("navigator", { locks: this.#locks });
    this.tabs = { A: new Tab(this), B: new Tab(this) };
  }

  read(): Promise<Entries> {
    return Promise.resolve(this.entries);
  }

  change(change: (entries: Entries) => Entries): Promise<Entries> {
    this.entries = change(this.entries);
    return Promise.resolve(this.entries);
  }

  async make(move: Move): Promise<void> {
    if ("tab" in move) this.#locks.acting = move.tab;
    await this.#act(move);
    await settle();
  }

  /** What it is called where its messages are: a first one that is stored makes the draft a session. */
  get conversation(): string {
    return this.stored.size > 0 ? SESSION : CONVERSATION;
  }

  /** Sends to an end with a server that takes everything, from a new tab. */
  async drain(): Promise<void> {
    for (const name of ["A", "B"] as const) this.#crash(name);
    this.#locks.acting = "A";
    for (const conversation of [CONVERSATION, SESSION]) {
      for (;;) {
        const sent = await this.tabs.A.outbox.sendNext(conversation, async (entry) => {
          const refusal = this.#store(entry);
          if (refusal) throw refusal;
          return { sessionId: SESSION };
        });
        if (sent === null) break;
      }
    }
  }

  async #act(move: Move): Promise<void> {
    if (DISTURBANCES.has(move.move)) this.counts.disturbances += 1;
    if (move.move === "end" && move.ending !== "accepted") this.counts.failures += 1;
    switch (move.move) {
      case "write":
        return this.#write(move.tab);
      case "send":
        return this.#send(move.tab);
      case "end":
        return this.#end(this.tabs[move.tab], move.ending);
      case "accepted, not noted":
        this.tabs[move.tab].failsNext = true;
        return this.#end(this.tabs[move.tab], "accepted");
      case "crash":
        return this.#crash(move.tab);
      case "take over":
        return this.#locks.release(move.tab);
      case "stop":
        return this.tabs.A.outbox.pause(this.conversation);
      case "let go":
        return this.tabs.A.outbox.release(this.conversation);
      default:
        return this.#change(move.move, this.entries[move.at] as OutboxEntry);
    }
  }

  async #write(tab: TabName): Promise<void> {
    this.counts.messages += 1;
    const text = `m${this.intents.length}`;
    this.intents.push({ text, discarded: false, atMost: 1 });
    const { conversation } = this;
    await this.tabs[tab].outbox.add({ conversation, sessionId: conversation === SESSION ? SESSION : null, text });
  }

  #send(name: TabName): void {
    const tab = this.tabs[name];
    const deliver = (entry: OutboxEntry, tries: Tries) =>
      new Promise<{ sessionId: string }>((resolve, reject) => {
        tab.sending = { entry, tries, resolve, reject };
      });
    // However it ends, the entry has to tell.
    tab.outbox.sendNext(this.conversation, deliver).catch(() => {});
  }

  #end(tab: Tab, ending: Ending): void {
    const { sending } = tab;
    if (sending === null) return;
    tab.sending = null;
    const { entry, tries, resolve, reject } = sending;
    const keeps = ending === "accepted" || ending === "lost" || ending === "lost, then refused" || ending === "closed late";
    const refusal = keeps ? this.#store(entry) : null;
    if (refusal) return reject(refusal);
    if (ending === "accepted") return resolve({ sessionId: SESSION });
    if (ending === "lost, then refused") tries.failed(new NetworkError("cut"));
    reject(CAUSES[ending]());
  }

  /** As the server does: a key is of one message. */
  #store({ clientMessageId, text }: OutboxEntry): Problem | null {
    const known = this.stored.get(clientMessageId);
    if (known !== undefined && known !== text) return refusal(422, "idempotency-conflict");
    this.stored.set(clientMessageId, text);
    return null;
  }

  #crash(name: TabName): void {
    this.tabs[name].isAlive = false;
    this.#locks.release(name);
    this.#locks.forget(name);
    this.tabs[name] = new Tab(this);
  }

  async #change(kind: "edit" | "discard" | "retry", entry: OutboxEntry): Promise<void> {
    const { outbox } = this.tabs.A;
    const intent = this.intents.find(({ text }) => text === entry.text) as Intent;
    if (kind === "retry") return outbox.retry(entry.clientMessageId);
    if (kind === "discard") {
      intent.discarded = true;
      return outbox.cancel(entry.clientMessageId);
    }
    const text = `${intent.text}'`;
    if (!(await outbox.edit(entry.clientMessageId, text))) return;
    intent.text = text;
    if (entry.attempted) intent.atMost += 1;
  }
}

const refusal = (status: number, code: string) =>
  new Problem({ type: "about:blank", title: "No", status, detail: "", code, requestId: null });

const CAUSES: Record<Exclude<Ending, "accepted">, () => Error> = {
  lost: () => new NetworkError("cut"),
  unreachable: () => new NetworkError("cut"),
  refused: () => refusal(422, "invalid-text"),
  "put off": () => refusal(429, "rate-limited"),
  "lost, then refused": () => refusal(403, "user-mismatch"),
  closed: aborted,
  "closed late": aborted,
  stopped: () => new Stopped("stopped"),
};

/** Lets everything that can go on go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}

/** Exclusive locks whose holders crash, and lose them in their sleep. */
class ModelLocks {
  acting: TabName = "A";
  #held: { name: string; tab: TabName } | null = null;
  #queue: { name: string; tab: TabName; grant: () => void }[] = [];

  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const act = rest.at(-1) as () => Promise<unknown>;
    const tab = this.acting;
    return new Promise((resolve, reject) => {
      const grant = () => {
        const held = { name, tab };
        this.#held = held;
        act()
          .then(resolve, reject)
          .finally(() => this.#held === held && this.#free());
      };
      this.#queue.push({ name, tab, grant });
      if (this.#held === null) this.#free();
    });
  }

  release(tab: TabName): void {
    if (this.#held?.tab === tab) this.#free();
  }

  forget(tab: TabName): void {
    this.#queue = this.#queue.filter((each) => each.tab !== tab);
  }

  #free(): void {
    this.#held = null;
    this.#queue.shift()?.grant();
  }
}
