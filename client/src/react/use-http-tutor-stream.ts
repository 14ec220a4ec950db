/** The hook: a chat as values and functions of a component. It reads the chat's snapshots and decides nothing. */

import { useMemo, useSyncExternalStore } from "react";

import type { Chat } from "../chat/chat.js";
import type { ChatOptions } from "../chat/options.js";
import type { ChatMessage, ChatSnapshot } from "../chat/snapshot.js";
import type { TutorClient } from "../client.js";
import type { TokenSource } from "../http/credentials.js";
import { useChat } from "./use-chat.js";

export interface HttpTutorStreamOptions extends Omit<ChatOptions, "client"> {
  /** Default: one for `baseUrl` and `token`. */
  client?: TutorClient | undefined;
  /** Where the server is. Default: where the page comes from. */
  baseUrl?: string | undefined;
  /** The bearer token, or what gives it. */
  token?: TokenSource | undefined;
}

/** What a learner can do. Each function stays the same from render to render. */
type Actions = ReturnType<typeof actionsOf>;

export interface HttpTutorStream extends ChatSnapshot, Actions {
  /** A reply is awaited or being written: it can be stopped. */
  readonly isStreaming: boolean;
}

/**
 * Chats with a tutor. The reply that is being written is `streamingMessage`, and `onMessage` is called each time
 * there is more of it. Unmounting leaves a reply going on; it is there, with what came meanwhile, at the next mount.
 */
export function useHttpTutorStream(options: HttpTutorStreamOptions = {}): HttpTutorStream {
  const chat = useChat(options);
  // On a server, and while its page comes alive, this is the chat as it was made.
  const snapshot = useSyncExternalStore(chat.subscribe, chat.getSnapshot, chat.getSnapshot);
  const actions = useMemo(() => actionsOf(chat), [chat]);
  const isStreaming = snapshot.status === "submitted" || snapshot.status === "streaming";
  return { ...snapshot, ...actions, isStreaming };
}

function actionsOf(chat: Chat) {
  return {
    /** Resolves with the reply when that has ended; with null when the message waits in the outbox. */
    sendMessage: (text: string, userId?: string): Promise<ChatMessage | null> => chat.send(text, userId),
    stop: () => chat.stop(),
    retry: () => chat.retry(),
    continue: (messageId?: string) => chat.continue(messageId),
    regenerate: (messageId?: string) => chat.regenerate(messageId),
    choose: (messageId: string) => chat.choose(messageId),
    refresh: () => chat.refresh(),
    loadOlder: () => chat.loadOlder(),
    editUnsent: (clientMessageId: string, text: string) => chat.editUnsent(clientMessageId, text),
    cancelUnsent: (clientMessageId: string) => chat.cancelUnsent(clientMessageId),
    resumeOutbox: () => chat.resumeOutbox(),
  };
}
