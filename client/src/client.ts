/** The server's routes as methods. Streams are followed to their end, over as many connections as that takes. */

import { newKey } from "./environment.js";
import type { TokenSource } from "./http/credentials.js";
import { Identity } from "./identity/identity.js";
import type { Owner } from "./identity/owner.js";
import { type FollowOptions, follow } from "./stream/follow.js";
import { type StreamOpener, eventSourceOpener, fetchOpener } from "./stream/open.js";
import { SessionSubject } from "./stream/session.js";
import { type Accepted, type RetryBudget, TurnSubject } from "./stream/turn.js";
import type { FeedEvent, TurnEvent } from "./wire/events.js";
import type {
  ChatRequest,
  FocusPage,
  Message,
  MessagePage,
  NewMessage,
  PageOptions,
  Profile,
  Session,
  SessionFields,
  SessionFocus,
  SessionPage,
  StreamTicket,
  Turn,
} from "./wire/resources.js";
import { Problem } from "./http/problem.js";
import { Reach } from "./http/reach.js";
import { Transport, type TransportOptions } from "./http/transport.js";

export interface TutorClientOptions extends TransportOptions {
  /** `event-source`: for runtimes whose `fetch` gives no body while it arrives. Default `fetch`. */
  streamBy?: "fetch" | "event-source" | undefined;
  EventSource?: typeof EventSource | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

/** Who acts from now on. */
export interface CallerCredentials {
  token?: TokenSource | null | undefined;
  /** The user that the token stands for, where the application knows. */
  user?: string | null | undefined;
}

export interface TurnStreamOptions extends FollowOptions, RetryBudget {
  /** Called when the server has taken the request and named the turn. */
  onAccepted?: ((accepted: Accepted) => void) | undefined;
}

export interface StartOptions extends TurnStreamOptions {
  /** A repeat with the same key joins the same turn. Made up when missing, so that a broken request can be repeated. */
  idempotencyKey?: string | undefined;
  /** Who wrote the message: it is sent under no other user. Default: whoever acts. */
  owner?: Owner | undefined;
}

export interface FollowTurnOptions extends TurnStreamOptions {
  /** The last event that is known. Default 0: from the start. */
  lastEventId?: number | undefined;
}

export interface FollowSessionOptions extends FollowOptions {
  /** The place of the last event that is known. Without it the feed begins with a snapshot. */
  place?: string | null | undefined;
}

export type TurnEvents = AsyncGenerator<TurnEvent, void, undefined>;
export type FeedEvents = AsyncGenerator<FeedEvent, void, undefined>;

export class TutorClient {
  /** Where the server is; empty for the page's own origin. */
  readonly baseUrl: string;
  /** Who the credentials stand for: of what is kept in the browser, only theirs is shown and sent. */
  readonly identity: Identity;
  /** Whether the server may be reached, also where the runtime says that there is no network. */
  readonly reach: Reach;
  readonly #transport: Transport;
  readonly #open: StreamOpener;
  readonly #readsAnswers: boolean;

  constructor(options: TutorClientOptions = {}) {
    this.#transport = new Transport(options);
    this.baseUrl = this.#transport.baseUrl;
    this.reach = new Reach(this.#transport);
    const token = () => this.#transport.credentials.token();
    const profile = () => this.#profileUser();
    this.identity = new Identity({ baseUrl: this.baseUrl, token, profile }, options.user ?? null);
    this.#transport.watch = {
      onRenewed: (renewed) => void this.identity.renewed(renewed),
      mayAct: (owner, presented) => this.identity.mayAct(owner, presented),
    };
    this.#readsAnswers = options.streamBy !== "event-source";
    if (this.#readsAnswers) {
      this.#open = fetchOpener(this.#transport);
    } else {
      const Source = options.EventSource ?? globalThis.EventSource;
      if (Source === undefined) throw new TypeError("This runtime has no EventSource.");
      this.#open = eventSourceOpener(this.#transport, Source);
    }
  }

  /** Somebody else, or another token: chats of this client end what they show, and go on for who acts now. */
  setCredentials({ token, user = null }: CallerCredentials): void {
    // Of the same user: nothing ends.
    if (this.identity.isRenewal(token, user)) return this.#transport.credentials.replace(token);
    this.#transport.replaceToken(token);
    this.identity.replace(user);
  }

  /** Whether the other one asks the same server for the same caller, as far as one can see: functions give what they give. */
  isLike(other: TutorClient): boolean {
    const sameWay = this.baseUrl === other.baseUrl && this.#readsAnswers === other.#readsAnswers;
    return sameWay && this.identity.isGivenAs(other.identity) && this.#transport.credentials.isLike(other.#transport.credentials);
  }

  /** Is like the other one, and nothing of who asks is left to functions. */
  isSame(other: TutorClient): boolean {
    return this.isLike(other) && this.#transport.isPlainAs(other.#transport);
  }

  /** From now on asks as the other one does, which is like this one. */
  takeOver(other: TutorClient): void {
    this.#transport.takeOver(other.#transport);
  }

  /** What is kept of the caller as a learner, and which user that is. */
  getProfile(options?: CallOptions): Promise<Profile> {
    return this.#json("GET", "/profile", options);
  }

  createSession(fields: SessionFields = {}, options?: CallOptions): Promise<Session> {
    return this.#json("POST", "/sessions", options, fields);
  }

  listSessions(page: PageOptions = {}, options?: CallOptions): Promise<SessionPage> {
    return this.#json("GET", `/sessions${pageQuery(page)}`, options);
  }

  getSession(sessionId: string, options?: CallOptions): Promise<Session> {
    return this.#json("GET", path`/sessions/${sessionId}`, options);
  }

  updateSession(sessionId: string, fields: SessionFields, options?: CallOptions): Promise<Session> {
    return this.#json("PATCH", path`/sessions/${sessionId}`, options, fields);
  }

  deleteSession(sessionId: string, options?: CallOptions): Promise<void> {
    return this.#json("DELETE", path`/sessions/${sessionId}`, options);
  }

  /** The newest messages, oldest first; `cursor` leads to older ones. */
  listMessages(sessionId: string, page: PageOptions = {}, options?: CallOptions): Promise<MessagePage> {
    return this.#json("GET", path`/sessions/${sessionId}/messages` + pageQuery(page), options);
  }

  /** Adds a message without starting a turn. */
  addMessage(sessionId: string, message: NewMessage, options?: CallOptions): Promise<Message> {
    return this.#json("POST", path`/sessions/${sessionId}/messages`, options, message);
  }

  updateMessage(
    sessionId: string,
    messageId: string,
    content: string,
    options?: CallOptions,
  ): Promise<Message> {
    return this.#json("PATCH", path`/sessions/${sessionId}/messages/${messageId}`, options, { content });
  }

  /** The session's plans, newest first; none before the first one. */
  listFocuses(sessionId: string, page: PageOptions = {}, options?: CallOptions): Promise<FocusPage> {
    return this.#json("GET", path`/sessions/${sessionId}/focus/history` + pageQuery(page), options);
  }

  /** The session's plan; refused with `not-found` before the first one. */
  getFocus(sessionId: string, options?: CallOptions): Promise<SessionFocus> {
    return this.#json("GET", path`/sessions/${sessionId}/focus`, options);
  }

  getTurn(turnId: string, options?: CallOptions): Promise<Turn> {
    return this.#json("GET", path`/turns/${turnId}`, options);
  }

  /** Answers with the turn as it ended: nothing is added after that. */
  stopTurn(turnId: string, options?: CallOptions): Promise<Turn> {
    return this.#json("POST", path`/turns/${turnId}/stop`, options);
  }

  /** `streamPath` is the path of one stream: `/turns/{id}/events`, `/sessions/{id}/events`. */
  createStreamTicket(streamPath: string, options?: CallOptions): Promise<StreamTicket> {
    return this.#json("POST", "/stream-tickets", options, { path: streamPath });
  }

  /**
   * Sends a message and gives the events of its turn. To leave the iteration, or to abort the signal, does not stop
   * the turn: `stopTurn` does.
   */
  streamChat(request: ChatRequest, options: StartOptions = {}): TurnEvents {
    const { idempotencyKey } = options;
    const body = { ...request };
    if (idempotencyKey === undefined) body.clientMessageId ??= newKey();
    return this.#startTurn("/stream-chat", options, idempotencyKey, body);
  }

  /** Goes on with a reply that was stopped or interrupted. */
  continueTurn(turnId: string, options: StartOptions = {}): TurnEvents {
    return this.#startTurn(path`/turns/${turnId}/continue`, options, options.idempotencyKey ?? newKey());
  }

  /** Has a message answered once more. `messageId` is the message or any reply to it. */
  regenerateMessage(sessionId: string, messageId: string, options: StartOptions = {}): TurnEvents {
    const route = path`/sessions/${sessionId}/messages/${messageId}/regenerate`;
    return this.#startTurn(route, options, options.idempotencyKey ?? newKey());
  }

  /** The events of a turn, running or ended, after the last one that is known. */
  followTurn(turnId: string, options: FollowTurnOptions = {}): TurnEvents {
    return this.#followTurn({ turnId, lastEventId: options.lastEventId ?? 0 }, options);
  }

  /** The feed of a session: what changes in it, from whatever device. Ends when the session is deleted. */
  followSession(sessionId: string, options: FollowSessionOptions = {}): FeedEvents {
    const subject = new SessionSubject(sessionId, options.place ?? null, {
      open: this.#open,
      expireToken: () => this.#transport.credentials.expire(),
      hasMore: async () => (await this.getSession(sessionId)) !== null,
    });
    return follow(subject, options);
  }

  #startTurn(route: string, options: StartOptions, key?: string, body?: ChatRequest): TurnEvents {
    const headers: Record<string, string> = key === undefined ? {} : { "Idempotency-Key": key };
    const { owner } = options;
    const start = (signal: AbortSignal) => this.#transport.stream("POST", route, { headers, body, signal, owner });
    return this.#followTurn({ turnId: null, lastEventId: 0 }, options, start);
  }

  #followTurn(
    place: { turnId: string | null; lastEventId: number },
    options: TurnStreamOptions,
    start?: (signal: AbortSignal) => Promise<Response>,
  ): TurnEvents {
    const subject = new TurnSubject(
      {
        ...options,
        ...(start && { start }),
        open: this.#open,
        readsAnswer: this.#readsAnswers,
        expireToken: () => this.#transport.credentials.expire(),
        hasMore: async (turnId, lastEventId) => {
          const turn = await this.getTurn(turnId);
          return turn.status === "streaming" || turn.lastEventId > lastEventId;
        },
      },
      place,
    );
    return follow(subject, options);
  }

  /** Null: a server that names nobody, as earlier ones do not. */
  async #profileUser(): Promise<string | null> {
    try {
      const profile: Partial<Profile> | undefined = await this.getProfile();
      return typeof profile?.user === "string" ? profile.user : null;
    } catch (cause) {
      if (cause instanceof Problem && (cause.status === 404 || cause.status === 405 || cause.status === 501)) return null;
      throw cause;
    }
  }

  #json<T>(method: string, route: string, options: CallOptions = {}, body?: unknown): Promise<T> {
    return this.#transport.json<T>(method, route, { body, signal: options.signal });
  }
}

/** A path whose values cannot reach another route. */
function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce((whole, part, at) => whole + encodeURIComponent(values[at - 1] ?? "") + part);
}

function pageQuery({ cursor, limit }: PageOptions): string {
  const query = new URLSearchParams();
  if (cursor !== undefined) query.set("cursor", cursor);
  if (limit !== undefined) query.set("limit", String(limit));
  const text = query.toString();
  return text && `?${text}`;
}
