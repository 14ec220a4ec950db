/** How much of a growing text to show at a moment: evenly, never long behind. Pure: time is given to it. */

/** What has arrived is shown after so long at the latest. */
export const LONGEST_LAG_MS = 250;
/** How fast a backlog shrinks: this much of it would be gone after so long. */
const EASING_MS = 120;

export class Pacer {
  #text = "";
  #length = 0;
  #lastAdvance = 0;
  /** Lengths that the text had, and when. */
  #arrivals: { length: number; at: number }[] = [];

  get visible(): string {
    return this.#text.slice(0, this.#length);
  }

  get behind(): boolean {
    return this.#length < this.#text.length;
  }

  /** The whole text so far. One that does not go on from what is shown replaces it. */
  arrive(text: string, now: number): void {
    if (!text.startsWith(this.visible)) return this.finish(text);
    if (!this.behind) this.#lastAdvance = now;
    this.#text = text;
    this.#arrivals.push({ length: text.length, at: now });
  }

  /** Time has passed. */
  advance(now: number): void {
    const elapsed = Math.max(0, now - this.#lastAdvance);
    this.#lastAdvance = now;
    const share = Math.min(1, elapsed / EASING_MS);
    const eased = this.#length + Math.ceil((this.#text.length - this.#length) * share);
    this.#length = wholeCharacters(this.#text, Math.max(eased, this.#due(now)));
    this.#arrivals = this.#arrivals.filter(({ length }) => length > this.#length);
  }

  /** All of it, at once. */
  finish(text: string): void {
    this.#text = text;
    this.#length = text.length;
    this.#arrivals = [];
  }

  #due(now: number): number {
    const late = this.#arrivals.filter(({ at }) => now - at >= LONGEST_LAG_MS);
    return late.at(-1)?.length ?? 0;
  }
}

/** Half a character must not be seen: neither half of a surrogate pair nor an accent, or an emoji, without its base. */
function wholeCharacters(text: string, length: number): number {
  let end = Math.min(length, text.length);
  while (end < text.length && joins(text, end)) end += 1;
  return end;
}

function joins(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)];
  const inPair = before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
  return inPair || before === 0x200d || after === 0x200d || /^[\p{M}\p{Emoji_Modifier}]/u.test(text.slice(at, at + 2));
}
