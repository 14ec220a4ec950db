/** What a message's view is told: the message, and where it stands in the conversation. */

import type { ChatMessage, ChatSnapshot } from "../../src/index.js";

export interface Row {
  readonly message: ChatMessage;
  readonly isLast: boolean;
  /** A reply is awaited or being written. */
  readonly busy: boolean;
  /** Of the message that is being written: how that goes. */
  readonly chat: ChatSnapshot | null;
}

export interface MessageView {
  readonly root: HTMLElement;
  /** True when the newest text is not drawn yet and another frame is needed. */
  update(row: Row): boolean;
}

export function sameRow(a: Row, b: Row): boolean {
  const moving =
    a.chat?.connection === b.chat?.connection &&
    a.chat?.reconnectAt === b.chat?.reconnectAt &&
    a.chat?.online === b.chat?.online &&
    a.chat?.notice === b.chat?.notice &&
    a.chat?.retryInMs === b.chat?.retryInMs;
  return a.message === b.message && a.isLast === b.isLast && a.busy === b.busy && moving;
}
