/** The Web Locks API for tabs that are objects in one process. */

interface Request {
  name: string;
  mode: "exclusive" | "shared";
  grant: () => void;
}

export class FakeLocks {
  readonly #held: Request[] = [];
  #queue: Request[] = [];

  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const callback = rest.at(-1) as (lock: object | null) => unknown;
    const options = (rest.length > 1 ? rest[0] : {}) as LockOptions;
    const mode = options.mode ?? "exclusive";
    return new Promise((resolve, reject) => {
      const request: Request = { name, mode, grant: () => {} };
      const run = async () => {
        try {
          resolve(await callback({ name, mode }));
        } catch (error) {
          reject(error);
        } finally {
          this.#held.splice(this.#held.indexOf(request), 1);
          this.#serve();
        }
      };
      request.grant = () => void run();
      if (options.ifAvailable && !this.#isFree(request)) return resolve(callback(null));
      options.signal?.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((each) => each !== request);
        reject(options.signal?.reason);
      });
      this.#queue.push(request);
      this.#serve();
    });
  }

  #serve(): void {
    for (const request of [...this.#queue]) {
      const first = this.#queue.find(({ name }) => name === request.name) === request;
      if (!first || !this.#isFree(request)) continue;
      this.#queue = this.#queue.filter((each) => each !== request);
      this.#held.push(request);
      queueMicrotask(request.grant);
    }
  }

  #isFree({ name, mode }: Request): boolean {
    const others = this.#held.filter((held) => held.name === name);
    return others.length === 0 || (mode === "shared" && others.every((held) => held.mode === "shared"));
  }
}
