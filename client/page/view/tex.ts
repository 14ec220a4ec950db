/**
 * The parts of Temml that turn TeX into MathML, with chemistry (`\ce`, `\pu`). The whole library would bring along what
 * a page of formulas has no use for: its finder of formulas, the macros of wikis and of physics.
 */

import "./chemistry.js";
import "temml/contrib/mhchem/mhchem.js";
import Settings from "temml/src/Settings.js";
import Style from "temml/src/Style.js";
import buildMathML from "temml/src/buildMathML.js";
import parseTree from "temml/src/parseTree.js";

import { withTokens } from "./tex-budget.js";

/** The library's numbers for the sizes of formulas. */
const LEVEL = { display: 0, text: 1 };

/** Throws when it is not TeX, or too much of it. Nothing in it may link, load or style. */
export function toMathML(tex: string, display: boolean): Node {
  const settings = new Settings({ displayMode: display, throwOnError: true, trust: false, maxExpand: 1_000 });
  const level = display ? LEVEL.display : LEVEL.text;
  const style = new Style({ level, maxSize: settings.maxSize });
  return buildMathML(withTokens(() => parseTree(tex, settings)), tex, style, settings).toNode();
}
