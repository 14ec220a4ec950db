/** TeX to MathML, as nodes. What TeX cannot say in them (links, images, styles of its own) is left out. */

import temml from "temml";

const ALLOWED_ATTRIBUTES = new Set([
  ...["display", "displaystyle", "scriptlevel", "mathvariant", "stretchy", "fence", "separator", "symmetric"],
  ...["lspace", "rspace", "minsize", "maxsize", "accent", "accentunder", "linethickness", "largeop", "movablelimits"],
  ...["rowspacing", "columnspacing", "columnalign", "rowalign", "rowlines", "columnlines", "columnspan", "width"],
  ...["height", "depth", "voffset", "notation", "form"],
]);

/** Longer ones would draw over the rest of the page. */
const LONG = /\d{3}/;

/** Null when it is not TeX that can be shown. */
export function typeset(tex: string, display: boolean): Element | null {
  const host = document.createElement("span");
  try {
    temml.render(tex, host, { displayMode: display, throwOnError: true, trust: false, maxExpand: 200 });
  } catch {
    return null;
  }
  const formula = host.querySelector("math");
  if (formula === null) return null;
  for (const element of [formula, ...formula.querySelectorAll("*")]) {
    if (element.namespaceURI !== "http://www.w3.org/1998/Math/MathML") return null;
    for (const { name, value } of [...element.attributes]) {
      if (!ALLOWED_ATTRIBUTES.has(name) || LONG.test(value)) element.removeAttribute(name);
    }
  }
  formula.setAttribute("class", "formula");
  return formula;
}
