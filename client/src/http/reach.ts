/**
 * Whether the server may be reached. A runtime that says that there is no network is not always right: a server on the
 * same machine needs none, and some networks are not known to it. So it is asked, for what costs nothing.
 */

import { isOnline } from "../environment.js";
import type { Transport } from "./transport.js";

const PROBE = "/health/live";
const ANSWER_WITHIN_MS = 5_000;
/** How long an answer counts. Nearby one may ask more often. */
const NEARBY_MS = 5_000;
const ELSEWHERE_MS = 30_000;

export class Reach {
  readonly #transport: Transport;
  #known: { until: number; answer: Promise<boolean> } | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** How long to wait before it is worth to ask again, in milliseconds. */
  get patienceMs(): number {
    return isLoopback(this.#transport.baseUrl) ? NEARBY_MS : ELSEWHERE_MS;
  }

  async isReachable(): Promise<boolean> {
    if (isOnline()) return true;
    if (this.#known === null || this.#known.until <= Date.now()) {
      const answer = this.#transport.reaches(PROBE, ANSWER_WITHIN_MS);
      this.#known = { until: Date.now() + this.patienceMs, answer };
    }
    return this.#known.answer;
  }

  /** Something has changed: what was known counts no longer. */
  forget(): void {
    this.#known = null;
  }
}

function isLoopback(baseUrl: string): boolean {
  try {
    const { hostname } = new URL(baseUrl || globalThis.location?.href);
    return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  } catch {
    return false;
  }
}
