/** The client of a tutorstream server. */

export { TutorClient } from "./client.js";
export type {
  CallOptions,
  CallerCredentials,
  FeedEvents,
  FollowSessionOptions,
  FollowTurnOptions,
  StartOptions,
  TurnEvents,
  TurnStreamOptions,
  TutorClientOptions,
} from "./client.js";
export type { TokenRequest, TokenSource } from "./http/credentials.js";
export { NetworkError, Problem, WrongUserError } from "./http/problem.js";
export type { ProblemDocument } from "./http/problem.js";
export type { HeaderSource, TransportOptions } from "./http/transport.js";
export type { ConnectionState, FollowOptions } from "./stream/follow.js";
export type { Accepted, RetryBudget } from "./stream/turn.js";
export type { Identity } from "./identity/identity.js";
export type { Owner } from "./identity/owner.js";
export { initialTurn, reduce } from "./chat/turn-state.js";
export { Chat } from "./chat/chat.js";
export type { ChatOptions } from "./chat/options.js";
export type { InitialMessage } from "./chat/initial.js";
export type { ChatError, ChatMessage, ChatSnapshot, ChatStatus } from "./chat/snapshot.js";
export { canContinue, canRegenerate } from "./chat/snapshot.js";
export type { SendResult } from "./chat/send-result.js";
export type { UnsentAction, UnsentMessage, UnsentReason } from "./chat/unsent.js";
export type { EnvironmentWarning, WarningCode } from "./warnings.js";
export { UNSENT_WORDS, wordsOf } from "./words.js";
export type { Words } from "./words.js";
export type { UnclaimedMessage } from "./outbox/owned.js";
export type { KnownMessage } from "./chat/conversation.js";
export { SessionFeed } from "./feed/session-feed.js";
export type { FeedSource, SessionFeedOptions } from "./feed/session-feed.js";
export { Outbox } from "./outbox/outbox.js";
export type { Deliver, Draft, OutboxOptions, Tries } from "./outbox/outbox.js";
export type { Entries, HeldBy, OutboxEntry, OutboxError, OutboxState } from "./outbox/entry.js";
export { sharedOutbox } from "./outbox/shared.js";
export { MemoryStorage } from "./outbox/storage.js";
export type { OutboxStorage } from "./outbox/storage.js";
export { Smoother } from "./smoothing/smoother.js";
export type { FrameScheduler, SmootherOptions } from "./smoothing/smoother.js";
export type { Notice, TurnState } from "./chat/turn-state.js";
export type * from "./wire/events.js";
export type * from "./wire/resources.js";
