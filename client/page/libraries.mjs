// What the page's code is bundled with in place of libraries that a library asks for and the page has no use for.

import { fileURLToPath } from "node:url";

const nothing = fileURLToPath(new URL("markdown/left-out.ts", import.meta.url));

export const LEFT_OUT = { entities: nothing, "linkify-it": nothing, "punycode.js": nothing };
