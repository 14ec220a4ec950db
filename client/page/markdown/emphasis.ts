/**
 * Emphasis beside Chinese, Japanese and Korean, which put no spaces between words: `**注意：**这` closes although a letter
 * follows the punctuation. As in the proposal that extends CommonMark's rule for such text.
 */

import type { InlineState } from "./state.js";

const SPACE = /\s/u;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\u3000-\u303F\uFF00-\uFFEF]/u;

function before(source: string, at: number): string {
  const low = source.charCodeAt(at - 1);
  return at === 0 ? " " : source.slice(low >= 0xdc00 && low <= 0xdfff ? at - 2 : at - 1, at);
}

function after(source: string, at: number, end: number): string {
  return at < end ? String.fromCodePoint(source.codePointAt(at) ?? 0x20) : " ";
}

/** Which of emphasis' ends a run of marks can be. */
export function scanRun(this: InlineState, start: number, mayPartWords: boolean) {
  const marker = this.src.charCodeAt(start);
  let end = start;
  while (end < this.posMax && this.src.charCodeAt(end) === marker) end++;
  const [last, next] = [before(this.src, start), after(this.src, end, this.posMax)];
  const [lastIsMark, nextIsMark] = [PUNCTUATION.test(last), PUNCTUATION.test(next)];
  const [lastIsCjk, nextIsCjk] = [CJK.test(last), CJK.test(next)];
  const [lastIsSpace, nextIsSpace] = [SPACE.test(last), SPACE.test(next)];
  const left = !nextIsSpace && (!nextIsMark || nextIsCjk || lastIsSpace || lastIsMark || lastIsCjk);
  const right = !lastIsSpace && (!lastIsMark || lastIsCjk || nextIsSpace || nextIsMark || nextIsCjk);
  return {
    can_open: left && (mayPartWords || !right || lastIsMark),
    can_close: right && (mayPartWords || !left || nextIsMark),
    length: end - start,
  };
}
