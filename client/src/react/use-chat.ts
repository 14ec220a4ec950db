"use client";
/** The chat of a component: made when it is first needed, and anew when it is about another session or server. */

import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

import { Chat } from "../chat/chat.js";
import type { TutorClient } from "../client.js";
import { OwnClient } from "./own-client.js";
import type { HttpTutorStreamOptions } from "./use-http-tutor-stream.js";

type Latest = RefObject<HttpTutorStreamOptions>;

/** A chat, and what it was made for. */
interface Held {
  chat: Chat;
  client: TutorClient;
  /** Where the application gave no client. */
  own: OwnClient | null;
  /** What the component asked for last. */
  sessionId: string | null;
  /** A client that has come in the place of `client` in this very render. */
  asked: TutorClient | null;
  /** Each render makes a client of its own. */
  isInline: boolean;
}

/** On a server there is no layout, and React 18 warns of it. */
const useEarlyEffect = typeof document === "undefined" ? useEffect : useLayoutEffect;

export function useChat(options: HttpTutorStreamOptions, latest: Latest): Chat {
  const [held, setHeld] = useState(() => make(options, latest, null));
  const current = follow(held, options, latest);
  if (current !== held) setHeld(current);
  const { chat, client, own } = current;
  // Before anything is painted: nothing of one user is seen by the next one.
  useEarlyEffect(() => {
    latest.current = options;
    own?.take(options);
    if (options.client && options.client !== client) client.takeOver(options.client);
  });
  // React may mount a component twice (StrictMode): a closed chat opens again.
  useEffect(() => {
    chat.open();
    return () => chat.close();
  }, [chat]);
  return chat;
}

export function useLatest(options: HttpTutorStreamOptions): Latest {
  return useRef(options);
}

/** The chat for these options: the same one as long as it is about the same. */
function follow(held: Held, options: HttpTutorStreamOptions, latest: Latest): Held {
  const { client } = options;
  if (client === undefined) {
    if (!held.own?.isFor(options)) return make(options, latest, null);
  } else if (client !== held.client) {
    if (held.own !== null) return make(options, latest, null);
    const before = replaced(held, client);
    if (before === null) return { ...make(options, latest, null), isInline: held.isInline };
    if (before !== held) return before;
  }
  const sessionId = options.sessionId || null;
  if (sessionId === held.sessionId) return held;
  // A draft that has become a session is still the same chat; a session that is left for none is a new one.
  const isSame = held.chat.getSnapshot().sessionId === sessionId;
  return isSame ? { ...held, sessionId } : make(options, latest, held);
}

/**
 * The chat, where another client is the same one made anew; null where it is not. Whether it is one that each render makes,
 * the next render tells, which React does at once.
 */
function replaced(held: Held, client: TutorClient): Held | null {
  if (held.isInline) return held.client.isLike(client) ? held : null;
  if (held.client.isSame(client)) return held;
  if (client === held.asked) return null;
  return held.asked === null ? { ...held, asked: client } : { ...held, asked: null, isInline: true };
}

/** With the same client as before, where it stands for the same caller. Calls go to what was rendered last. */
function make(options: HttpTutorStreamOptions, latest: Latest, before: Held | null): Held {
  const { client: given, outbox, feed, smoothing, throttle, initialMessages } = options;
  const sessionId = options.sessionId || null;
  const own = given ? null : before?.own?.isOf(options) ? before.own : new OwnClient(options, latest);
  const client = own?.client ?? before?.client ?? given;
  if (client === undefined) throw new TypeError("There is no client.");
  const chat = new Chat({
    client,
    sessionId,
    outbox,
    feed,
    smoothing,
    throttle,
    initialMessages,
    get userId() {
      return latest.current.userId;
    },
    get subject() {
      return latest.current.subject;
    },
    onMessage: (message) => latest.current.onMessage?.(message),
    onComplete: (message) => latest.current.onComplete?.(message),
    onError: (error) => latest.current.onError?.(error),
    onWarning: (warning) => latest.current.onWarning?.(warning),
    onSession: (id) => latest.current.onSession?.(id),
  });
  return { chat, client, own, sessionId, asked: null, isInline: before?.isInline ?? false };
}
