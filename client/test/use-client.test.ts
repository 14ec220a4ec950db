/** Frameworks that render components on a server learn from the files which of them are for the browser. */

import { readFileSync, readdirSync } from "node:fs";

import { transformSync } from "esbuild";
import { expect, it } from "vitest";

const folder = new URL("../src/react/", import.meta.url);
const modules = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));

it.each(modules)("%s begins with the mark of the browser's side, also when it is compiled", (name) => {
  const source = readFileSync(new URL(name, folder), "utf8");
  expect(source.split("\n")[0]).toBe('"use client";');
  const { code } = transformSync(source, { loader: name.endsWith("x") ? "tsx" : "ts", jsx: "automatic" });
  expect(code.split("\n")[0]).toBe('"use client";');
});
