/** Temml's chemistry is a script: it finds the library under the name that pages know it by. */

import defineMacro from "temml/src/defineMacro.js";

Object.assign(globalThis, { temml: { __defineMacro: defineMacro } });
