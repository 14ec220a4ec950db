/** What the server's JSON routes take and answer, in the names of the wire. Times are RFC 3339. */

export type Role = "user" | "assistant";

export type FinishReason = "stop" | "length" | "tool-calls" | "content-filter";

/** How a turn, and the reply it writes, may end. */
export type EndStatus = "complete" | "stopped" | "failed" | "interrupted";

export type MessageStatus = "streaming" | EndStatus;

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  source: "reported" | "estimated";
}

export type LearnerProfile = Record<string, unknown>;

export interface Session {
  id: string;
  title: string;
  subject: string | null;
  learnerProfile: LearnerProfile | null;
  /** Grows with every change. */
  revision: number;
  createdAt: string;
  updatedAt: string;
}

export interface SessionFields {
  title?: string | undefined;
  subject?: string | undefined;
  learnerProfile?: LearnerProfile | undefined;
}

export interface SessionPage {
  sessions: Session[];
  nextCursor: string | null;
  provider: ProviderInfo;
}

/** Who answers. */
export interface ProviderInfo {
  name: string;
  model: string;
  /** The bundled tutor without a model. */
  practice: boolean;
}

export interface Message {
  id: string;
  sessionId: string;
  role: Role;
  content: string;
  status: MessageStatus;
  finishReason: FinishReason | null;
  usage: Usage | null;
  /** The message that this one answers. Several replies to one message are alternatives. */
  replyTo: string | null;
  /** The newest turn that wrote it. */
  turnId: string | null;
  clientMessageId: string | null;
  createdAt: string;
  updatedAt: string;
  /** Who wrote it; servers before that told it do not say. */
  source?: MessageSource;
  /** It was changed since. */
  edited?: boolean;
}

export type MessageSource = "model" | "learner" | "observer" | "import";

export interface NewMessage {
  role: Role;
  content: string;
  clientMessageId?: string | undefined;
}

export interface MessagePage {
  /** Oldest first. */
  messages: Message[];
  /** Leads to older ones. */
  nextCursor: string | null;
  activeTurn: ActiveTurn | null;
}

/** A reply that is being written. Its events go on after `lastEventId` where the message's content ends. */
export interface ActiveTurn {
  turnId: string;
  messageId: string;
  status: MessageStatus;
  lastEventId: number;
}

export interface Turn {
  turnId: string;
  sessionId: string;
  userMessageId: string;
  messageId: string;
  status: MessageStatus;
  text: string;
  finishReason: FinishReason | null;
  usage: Usage | null;
  attempts: number;
  provider: string;
  model: string;
  errorCode: string | null;
  lastEventId: number;
  /** Whether the text was replaced after the reply had ended. */
  edited?: boolean;
  createdAt: string;
  endedAt: string | null;
}

/** What becomes of a message that is sent while a reply is being written in its session. */
export type BusyPolicy = "reject" | "queue" | "interrupt";

export interface ChatRequest {
  message: string;
  /** Without it a session is created. */
  sessionId?: string | undefined;
  /** Names the message; a repeat with the same name and the same body joins the same turn. */
  clientMessageId?: string | undefined;
  /** Must be the user that the token stands for. */
  userId?: string | undefined;
  /** Of a session that is created. */
  subject?: string | undefined;
  onBusy?: BusyPolicy | undefined;
}

/** Good for one stream, once, for a short time. */
export interface StreamTicket {
  ticket: string;
  expiresAt: string;
}

/** The plan of a session. */
export interface SessionFocus {
  version: number;
  topic: string;
  objective: string;
  strategy: string;
  steps: { title: string; done: boolean }[];
  /** `evidence`: the learner's message that shows it. */
  misconceptions: { text: string; evidence: string }[];
  difficulty: string;
  /** Of what the learner knows already; may be empty. */
  priorKnowledge: string;
  /** What the learner is answered in (BCP 47). */
  language: string;
  /** The next question that shows whether the learner has understood. */
  checkQuestion: string;
  source: "planned" | "reused" | "fallback";
}

/** Who has put its token into the cookie. */
export interface Login {
  user: string;
}

/** What is kept of the caller as a learner. */
export interface Profile {
  /** The user that the request acts as. */
  user: string;
  level: string | null;
  goals: string | null;
  language: string | null;
  tracking: boolean;
  storage: {
    /** What is reserved is held for replies that are being written. A limit of null is none. */
    bytes: { used: number; reserved: number; limit: number | null };
    sessions: { used: number; limit: number | null };
    messages: { used: number; limit: number | null };
  };
  /** Of this day of UTC. */
  tokens: {
    day: string;
    used: number;
    reserved: number;
    limit: number | null;
    byPurpose: { answers: number; retries: number; plans: number; summaries: number; reviews: number };
  };
  topics: { subject: string | null; topic: string; mastery: number; evidence: string[]; updatedAt: string }[];
}

/** The plans of a session, newest first. */
export interface FocusPage {
  focus: SessionFocus[];
  nextCursor: string | null;
}

export interface PageOptions {
  cursor?: string | undefined;
  limit?: number | undefined;
}
