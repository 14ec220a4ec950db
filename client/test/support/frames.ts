/** Frames as the server sends them. */

export const IDS = {
  turnId: "turn-1",
  sessionId: "session-1",
  userMessageId: "message-1",
  messageId: "message-2",
} as const;

export const NAMED = { "X-Turn-Id": IDS.turnId, "X-Session-Id": IDS.sessionId } as const;

export function frame(id: number | string | null, type: string, data: unknown): string {
  const line = id === null ? "" : `id: ${id}\n`;
  return `${line}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function start(ids: Partial<Record<keyof typeof IDS, string>> = {}): string {
  const data = { ...IDS, ...ids, provider: "practice", model: "tutor", createdAt: "2026-01-01T00:00:00.000Z" };
  return frame(1, "turn-start", data);
}

export function text(id: number, value: string): string {
  return frame(id, "text-delta", { text: value });
}

export function end(id: number, status = "complete", messageId: string = IDS.messageId): string {
  const usage = { inputTokens: 1, outputTokens: 2, source: "reported" };
  return frame(id, "turn-end", { status, finishReason: "stop", usage, messageId, textLength: 5, cached: false });
}
