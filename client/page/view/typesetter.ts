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

/** Null when it is not TeX that can be shown. */
export function typeset(tex: string, display: boolean): Element | null {
  const host = document.createElement("span");
  try {
    host.append(toMathML(tex, display));
  } catch {
    return null;
  }
  const formula = host.querySelector("math");
  if (formula === null) return null;
  const elements = [formula, ...formula.querySelectorAll("*")];
  if (elements.some(({ namespaceURI }) => namespaceURI !== MATHML)) return null;
  for (const element of elements) clean(element);
  formula.classList.add("formula");
  return formula;
}

function clean(element: Element): void {
  const classes = [...element.classList].filter((name) => CLASS.test(name));
  if (element instanceof MathMLElement && element.style.textAlign === "left") classes.push("tml-left");
  for (const { name, value } of [...element.attributes]) {
    if (!ALLOWED_ATTRIBUTES.has(name) || LONG.test(value)) element.removeAttribute(name);
  }
  if (classes.length > 0) element.setAttribute("class", classes.join(" "));
}
