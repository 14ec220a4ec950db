/** TeX to MathML, as nodes. What TeX cannot say in them (links, images, styles of its own) is left out. */

import { toMathML } from "./tex.js";

const ALLOWED_ATTRIBUTES = new Set([
  ...["display", "displaystyle", "scriptlevel", "mathvariant", "stretchy", "fence", "separator", "symmetric"],
  ...["lspace", "rspace", "minsize", "maxsize", "accent", "accentunder", "linethickness", "largeop", "movablelimits"],
  ...["rowspacing", "columnspacing", "columnalign", "rowalign", "rowlines", "columnlines", "columnspan", "width"],
  ...["height", "depth", "voffset", "notation", "form"],
]);

const MATHML = "http://www.w3.org/1998/Math/MathML";
/** The library's own. */
const CLASS = /^tml-[a-z-]+$/;
/** Longer ones would draw over the rest of the page. */
const LONG = /(?<![.\d])\d{3}/;

/** Nodes of one formula, and how deep they may stand in each other: browsers lay out deep ones slowly. */
const MOST_NODES = 4_000;
const DEEPEST = 64;

/** Null when it is not TeX that can be shown. `nodes`: how many were made of it. */
export function typeset(tex: string, display: boolean): { element: Element; nodes: number } | null {
  const host = document.createElement("span");
  try {
    host.append(toMathML(tex, display));
  } catch {
    return null;
  }
  const formula = host.querySelector("math");
  if (formula === null) return null;
  const elements = [formula, ...formula.querySelectorAll("*")];
  if (elements.length > MOST_NODES || elements.some(({ namespaceURI }) => namespaceURI !== MATHML)) return null;
  if (isDeep(formula)) return null;
  for (const element of elements) clean(element);
  formula.classList.add("formula");
  return { element: formula, nodes: elements.length };
}

function isDeep(formula: Element): boolean {
  let level: Element[] = [formula];
  for (let depth = 0; depth < DEEPEST; depth++) {
    level = level.flatMap(({ children }) => [...children]);
    if (level.length === 0) return false;
  }
  return true;
}

function clean(element: Element): void {
  const classes = [...element.classList].filter((name) => CLASS.test(name));
  if (element instanceof MathMLElement && element.style.textAlign === "left") classes.push("tml-left");
  for (const { name, value } of [...element.attributes]) {
    if (!ALLOWED_ATTRIBUTES.has(name) || LONG.test(value)) element.removeAttribute(name);
  }
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
}
