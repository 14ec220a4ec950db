// Fails when a file of the built page is not what its compressed copy unpacks to. The copies themselves are not
// compared with those of another build: versions of brotli compress differently.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const folder = process.argv[2];
const names = readdirSync(folder).filter((name) => /\.(js|css)$/.test(name));
if (names.length === 0) throw new Error(`${folder} has no page`);
for (const name of names) {
  const file = readFileSync(join(folder, name));
  if (!brotliDecompressSync(readFileSync(join(folder, `${name}.br`))).equals(file)) {
    throw new Error(`${name}.br is not ${name}`);
  }
}
