/** The few elements of HTML that models write where Markdown has no mark: `<br>`, `<sub>`, `<sup>`, `<kbd>`, `<u>`. */

import { closeEmphasis } from "./growing.js";
import type { InlineState } from "./state.js";

const FURTHEST = 1_000;
const TAG = /^<(?:br\s*\/?|(sub|sup|kbd|u))>/i;

/** They have no attributes, and end in the same paragraph. */
export function plainTag(state: InlineState, silent: boolean): boolean {
  if (state.src.charCodeAt(state.pos) !== 0x3c) return false;
  const found = TAG.exec(state.src.slice(state.pos, state.pos + 8));
  if (found === null) return false;
  const [mark, name] = found;
  if (name !== undefined) return enclose(state, silent, { mark, name: name.toLowerCase() });
  if (!silent) state.push("hardbreak", "br", 0);
  state.pos += mark.length;
  return true;
}

function enclose(state: InlineState, silent: boolean, { mark, name }: { mark: string; name: string }): boolean {
  const start = state.pos + mark.length;
  const close = `</${name}>`;
  const at = state.src.slice(start, Math.min(state.posMax, start + FURTHEST)).toLowerCase().indexOf(close);
  if (at < 0 && !state.open) return false;
  const max = state.posMax;
  const end = at < 0 ? max : start + at;
  if (!silent) {
    state.pos = start;
    state.posMax = end;
    state.push(`${name}_open`, name, 1);
    state.md.inline.tokenize(state);
    if (at < 0) closeEmphasis(state);
    state.push(`${name}_close`, name, -1);
    state.posMax = max;
  }
  state.pos = at < 0 ? max : end + close.length;
  return true;
}
