"use client";
/** The hook: a chat as values and functions of a component. It reads the chat's snapshots and decides nothing. */

import { useMemo, useSyncExternalStore } from "react";

import type { Chat } from "../chat/chat.js";
import type { ChatOptions } from "../chat/options.js";
import type { SendResult } from "../chat/send-result.js";
import type { ChatMessage, ChatSnapshot } from "../chat/snapshot.js";
import type { TutorClient, TutorClientOptions } from "../client.js";
import { useChat, useLatest } from "./use-chat.js";

/**
 * Callbacks, headers and the like may be written in place: those of the last render count, and none makes another chat.
 * Another server or `sessionId` does; another `token` or `user` ends what is shown and goes on for who acts now.
 */
export interface HttpTutorStreamOptions extends Omit<ChatOptions, "client">, TutorClientOptions {
  /** Instead of the options of a client. Default: one for them. */
  client?: TutorClient | undefined;
}

/** What a learner can do. Each function stays the same from render to render. */
type Actions = ReturnType<typeof actionsOf>;

/** A message's id; the event of a handler says nothing of it. */
type Target = string | { readonly type: string };

export interface HttpTutorStream extends ChatSnapshot, Actions {
  /** A reply is awaited or being written: it can be stopped. */
  readonly isStreaming: boolean;
}

/**
 * Chats with a tutor. The reply that is being written is `streamingMessage`, and `onMessage` is called each time
 * there is more of it. Unmounting leaves a reply going on; it is there, with what came meanwhile, at the next mount.
 */
export function useHttpTutorStream(options: HttpTutorStreamOptions = {}): HttpTutorStream {
  const chat = useChat(options, useLatest(options));
  // On a server, and while its page comes alive, this is the chat as it was made.
  const snapshot = useSyncExternalStore(chat.subscribe, chat.getSnapshot, chat.getSnapshot);
  const actions = useMemo(() => actionsOf(chat), [chat]);
  const isStreaming = snapshot.status === "submitted" || snapshot.status === "streaming";
  return { ...snapshot, ...actions, isStreaming };
}

function actionsOf(chat: Chat) {
  const goOn = (target?: Target): Promise<void> => chat.continue(idOf(target));
  return {
    /** Resolves with the reply when that has ended; with null when there is none here: `submit` says why. */
    sendMessage: (text: string, userId?: string): Promise<ChatMessage | null> => chat.send(text, userId),
    /** As `sendMessage`, and says what became of the message. */
    submit: (text: string, userId?: string): Promise<SendResult> => chat.submit(text, userId),
    stop: () => chat.stop(),
    retry: () => chat.retry(),
    continue: goOn,
    /** `continue`, under a name that a variable may have. */
    goOn,
    regenerate: (target?: Target): Promise<void> => chat.regenerate(idOf(target)),
    choose: (messageId: string) => chat.choose(messageId),
    refresh: () => chat.refresh(),
    loadOlder: () => chat.loadOlder(),
    editUnsent: (clientMessageId: string, text: string) => chat.editUnsent(clientMessageId, text),
    retryUnsent: (clientMessageId: string) => chat.retryUnsent(clientMessageId),
    cancelUnsent: (clientMessageId: string) => chat.cancelUnsent(clientMessageId),
    discardUnclaimed: () => chat.discardUnclaimed(),
    resumeOutbox: () => chat.resumeOutbox(),
  };
}

function idOf(target: Target | undefined): string | undefined {
  return typeof target === "string" ? target : undefined;
}
