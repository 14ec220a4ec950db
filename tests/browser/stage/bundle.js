// A part of the page's code as one module, for a test of that part in a browser.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

import { LEFT_OUT } from "../../../client/page/libraries.mjs";

const ROOT = new URL("../../../", import.meta.url);
// The one that builds the page.
const { build } = createRequire(new URL("client/package.json", ROOT))("esbuild");

/** `more`: options of the build. */
export async function bundle(path, more = {}) {
  const options = { bundle: true, write: false, format: "esm", target: "es2022", alias: LEFT_OUT, logLevel: "warning", ...more };
  const { outputFiles } = await build({ ...options, entryPoints: [fileURLToPath(new URL(path, ROOT))] });
  return outputFiles[0].text;
}
