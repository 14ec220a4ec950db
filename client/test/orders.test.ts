/** However late a page comes, and however far ahead of the events, nothing that was told is taken back. */

import fc from "fast-check";
import { expect, it } from "vitest";

import type { FeedEvent, Message, MessagePage, TurnEvent } from "../src/index.js";
import { type Conversation, emptyConversation, foldFeed, foldPage, foldTurn } from "../src/chat/conversation.js";
import { FakeSession, type Moment, type Step } from "./support/session.js";

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "send" }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("write" as const), text: fc.stringMatching(/^[a-c]{1,3}$/) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "restart" }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      status: fc.constantFrom("complete" as const, "stopped" as const, "failed" as const, "interrupted" as const),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "continue" }) },
);

/** Which moment's page comes after how many events. */
const arrivals = fc.array(fc.record({ after: fc.nat({ max: 60 }), read: fc.nat({ max: 60 }) }), { maxLength: 12 });

const shown = ({ messages }: Conversation) => messages.map(({ id, status, content }) => `${id} ${status} ${content}`);
const stored = (messages: readonly Message[]) => messages.map(({ id, status, content }) => `${id} ${status} ${content}`);

it("what is shown is never older than what was told, and in the end it is what is stored", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 40 }), arrivals, (steps, pages) => {
      const { moments } = new FakeSession(steps);
      let conversation = emptyConversation;
      let told = 0;
      moments.forEach((moment, at) => {
        for (const event of moment.events) conversation = foldFeed(conversation, event);
        told = Math.max(told, at);
        expectNoOlder(conversation, moments, told);
        for (const { read } of pages.filter(({ after }) => after === at)) {
          const chosen = Math.min(read, moments.length - 1);
          conversation = foldPage(conversation, moments[chosen]?.page as MessagePage);
          told = Math.max(told, chosen);
          expectNoOlder(conversation, moments, told);
        }
      });
      expect(shown(conversation)).toEqual(stored(moments.at(-1)?.page.messages ?? []));
      expectEnds(conversation, moments);
    }),
    { numRuns: 3_000 },
  );
});

it("a turn that has a stream of its own is told by that alone, and ends as it is stored", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 40 }), arrivals, (steps, pages) => {
      const { moments } = new FakeSession(steps);
      let conversation = emptyConversation;
      let own: string | null = null;
      moments.forEach((moment, at) => {
        for (const event of moment.events) {
          own = event.type === "turn-start" ? event.data.turnId : own;
          const turnId: string | null = "turnId" in event ? event.turnId : null;
          conversation = turnId === null ? foldFeed(conversation, event, own) : foldTurn(conversation, turnId, event as TurnEvent);
          if (event.type === "turn-end") own = null;
        }
        for (const { read } of pages.filter(({ after }) => after === at)) {
          const page = moments[Math.min(read, at)]?.page as MessagePage;
          conversation = foldPage(conversation, page, own);
          expectNoOlder(conversation, moments, at);
        }
      });
      expect(shown(conversation)).toEqual(stored(moments.at(-1)?.page.messages ?? []));
      expectEnds(conversation, moments);
    }),
    { numRuns: 3_000 },
  );
});

/** Each message is as it was at some moment that is not before the last one of which anything was told. */
function expectNoOlder(conversation: Conversation, moments: readonly Moment[], told: number): void {
  for (const line of shown(conversation)) {
    const possible = moments.slice(told).flatMap(({ page }) => stored(page.messages));
    expect(possible).toContain(line);
  }
  const ids = conversation.messages.map(({ id }) => id);
  const [first] = ids;
  const then = moments[told]?.page.messages.map(({ id }) => id) ?? [];
  expect(ids.slice(0, then.length)).toEqual(first === undefined ? [] : then);
}

/** No turn that has ended is taken for one that runs. */
function expectEnds({ turns }: Conversation, moments: readonly Moment[]): void {
  const running = moments.at(-1)?.page.activeTurn?.turnId ?? null;
  const streaming = Object.entries(turns).filter(([, turn]) => turn.status === "streaming");
  expect(streaming.map(([turnId]) => turnId)).toEqual(running === null ? [] : [running]);
}

it("a page that was read while a reply ran and comes after its end changes nothing", () => {
  const { moments } = new FakeSession([
    { kind: "send" },
    { kind: "write", text: "a" },
    { kind: "write", text: "b" },
    { kind: "end", status: "complete" },
  ]);
  const events = moments.flatMap((moment): FeedEvent[] => moment.events);
  const ended = events.reduce((each, event) => foldFeed(each, event), emptyConversation);
  for (const { page } of moments) expect(shown(foldPage(ended, page))).toEqual(shown(ended));
  expect(events.filter((event): event is FeedEvent & TurnEvent => event.type === "turn-end")).toHaveLength(1);
});
