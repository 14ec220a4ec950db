/** `fetch` of a page of a server's own origin, over Node's own HTTP: the one of the imitated browser breaks when a stream is left. */

import { request } from "node:http";

export function pageFetch(origin: string): (path: string, init?: RequestInit) => Promise<Response> {
  return (path, { method = "GET", headers = {}, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const asked = request(`${origin}${path}`, { method, headers: headers as Record<string, string> }, (answer) => {
        const content = new ReadableStream<Uint8Array>({
          start(controller) {
            const settle = (act: () => void) => () => void (answer.removeAllListeners(), act());
            answer.on("data", (chunk: Buffer) => controller.enqueue(new Uint8Array(chunk)));
            answer.on("end", settle(() => controller.close()));
            answer.on("error", settle(() => controller.error(new TypeError("The connection broke."))));
          },
          cancel: () => void (answer.removeAllListeners(), answer.on("error", () => {}), answer.destroy()),
        });
        const status = answer.statusCode ?? 500;
        const told = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
        resolve(new Response(status === 204 ? null : content, { status, headers: told }));
      });
      signal?.addEventListener("abort", () => {
        asked.destroy();
        reject(signal.reason);
      });
      asked.on("error", reject);
      asked.end(body ?? undefined);
    });
}
