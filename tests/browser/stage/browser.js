// One Chromium for each process, and a witness of what a page must never do.

import { once } from "node:events";
import { createServer } from "node:http";

import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// What Chromium asks by itself, about the fields of a form for one.
const OWN = /\.(google|googleapis|gstatic)\.com:443$/;
const PATHS = /^\/($|static\/|sessions$|sessions\/|turns\/|stream-chat$|profile$|health\/live$|docs$|openapi\.json$)/;

let launched;

export function browser() {
  launched ??= chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  return launched;
}

export async function closeBrowser() {
  if (launched) await (await launched).close();
}

/** Every address but the loopback's is reached through it: it takes note and refuses. */
export class Outside {
  /** What was asked for. */
  requests = [];

  static async start() {
    const outside = new Outside();
    const note = ({ method, url }) => OWN.test(url) || outside.requests.push(`${method} ${url}`);
    outside.server = createServer((request, response) => {
      note(request);
      response.writeHead(403).end();
    });
    outside.server.on("connect", (request, socket) => {
      note(request);
      socket.destroy();
    });
    outside.server.listen(0, "127.0.0.1");
    await once(outside.server, "listening");
    return outside;
  }

  get proxy() {
    return { server: `http://127.0.0.1:${this.server.address().port}`, bypass: "127.0.0.1" };
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Takes note of dialogs, errors, reports of the policy, and requests to anywhere but the server's known routes. */
export class Witness {
  trouble = [];
  requests = [];
  #origin;

  constructor(origin) {
    this.#origin = origin;
  }

  async watch(context) {
    await context.exposeBinding("reportViolation", (_, report) => this.trouble.push(`policy: ${report}`));
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) => {
        globalThis.reportViolation(`${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    context.on("weberror", (error) => this.trouble.push(`error: ${error.error().stack}`));
    context.on("dialog", (dialog) => {
      this.trouble.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    context.on("console", (message) => {
      if (/content security|trusted|refused to/i.test(message.text())) this.trouble.push(`console: ${message.text()}`);
    });
    context.on("request", (request) => this.#see(request));
  }

  #see(request) {
    const { origin, pathname } = new URL(request.url());
    if (origin !== this.#origin || !PATHS.test(pathname)) this.trouble.push(`request: ${request.url()}`);
    const lastEventId = Number(request.headers()["last-event-id"] ?? 0);
    this.requests.push({ method: request.method(), pathname, lastEventId });
  }
}
