// Bundles the page into the folder that is named: its code, its styles, the reader of Markdown and the typesetter for
// formulas as parts of their own that load when they are needed, each also compressed, and the licences of the libraries
// in them.

import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { build } from "esbuild";
import { minify } from "terser";

import { LEFT_OUT } from "./libraries.mjs";

const output = process.argv[2];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { outputFiles } = await build({
  entryPoints: [
    { in: here("main.ts"), out: "page" },
    { in: here("styles/page.css"), out: "page" },
  ],
  outdir: output,
  write: false,
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  target: "es2022",
  alias: LEFT_OUT,
  chunkNames: "[name]-[hash]",
  legalComments: "none",
  logLevel: "warning",
});

// Parts keep their names from build to build: what two of them share is numbered, the others are named by their source.
const names = new Map();
for (const { path } of outputFiles) {
  const [, name, hash] = /^(\w+)-(\w{8})\.js$/.exec(basename(path)) ?? [];
  if (hash !== undefined) names.set(basename(path), name === "chunk" ? `shared-${names.size}.js` : `${name}.js`);
}
const renamed = (text) => [...names].reduce((all, [from, to]) => all.replaceAll(from, to), text);

mkdirSync(join(output, "licences"), { recursive: true });
for (const { path, text } of outputFiles) {
  const file = Buffer.from(path.endsWith(".js") ? await smaller(renamed(text)) : text);
  const name = renamed(basename(path));
  writeFileSync(join(output, name), file);
  writeFileSync(join(output, `${name}.br`), compressed(file));
}

/** Terser finds what esbuild leaves: 2 % of what is compressed. */
async function smaller(code) {
  const options = { ecma: 2022, compress: { passes: 3 }, format: { ecma: 2022, comments: false } };
  return (await minify(code, { module: true, ...options })).code;
}

function compressed(file) {
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: file.length,
  };
  return brotliCompressSync(file, { params });
}

for (const library of ["dompurify", "markdown-it", "mdurl", "temml", "uc.micro"]) {
  const folder = here(`../node_modules/${library}/`);
  const name = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (name === undefined) throw new Error(`No licence of ${library} was found.`);
  copyFileSync(join(folder, name), join(output, "licences", `${library}.txt`));
}
