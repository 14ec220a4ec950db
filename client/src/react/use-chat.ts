/** The chat of a component: made when it is first needed, and anew when it is about another session or server. */

import { type RefObject, useEffect, useRef, useState } from "react";

import { Chat } from "../chat/chat.js";
import { TutorClient } from "../client.js";
import type { TokenSource } from "../http/credentials.js";
import type { HttpTutorStreamOptions } from "./use-http-tutor-stream.js";

/** A chat, and what it was made for. */
interface Held {
  chat: Chat;
  sessionId: string | null;
  client: TutorClient | undefined;
  baseUrl: string | undefined;
}

export function useChat(options: HttpTutorStreamOptions): Chat {
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const [held, setHeld] = useState(() => make(options, latest));
  const current = fits(held, options) ? held : make(options, latest);
  if (current !== held) setHeld(current);
  const { chat } = current;
  // React may mount a component twice (StrictMode): a closed chat opens again.
  useEffect(() => {
    chat.open();
    return () => chat.close();
  }, [chat]);
  return chat;
}

/** A draft that has become a session is still the same chat, whether or not the component is told of its session. */
function fits(held: Held, { sessionId = null, client, baseUrl }: HttpTutorStreamOptions): boolean {
  if (held.client !== client || held.baseUrl !== baseUrl) return false;
  return held.sessionId === sessionId || held.chat.getSnapshot().sessionId === sessionId;
}

/** Calls go to what the component was rendered with last. */
function make(options: HttpTutorStreamOptions, latest: RefObject<HttpTutorStreamOptions>): Held {
  const { sessionId = null, client, baseUrl, userId, subject, outbox, feed, smoothing } = options;
  const own = client ?? new TutorClient({ baseUrl: baseUrl ?? "", token: (request) => tokenOf(latest, request) });
  const chat = new Chat({
    client: own,
    sessionId,
    userId,
    subject,
    outbox,
    feed,
    smoothing,
    onMessage: (message) => latest.current.onMessage?.(message),
    onComplete: (message) => latest.current.onComplete?.(message),
    onError: (error) => latest.current.onError?.(error),
    onSession: (id) => latest.current.onSession?.(id),
  });
  return { chat, sessionId, client, baseUrl };
}

type Asked = Parameters<Exclude<TokenSource, string>>[0];

function tokenOf(latest: RefObject<HttpTutorStreamOptions>, request: Asked): ReturnType<Exclude<TokenSource, string>> {
  const { token = null } = latest.current;
  if (typeof token === "function") return token(request);
  // The same one again would be refused again.
  return token === request.refused ? null : token;
}
