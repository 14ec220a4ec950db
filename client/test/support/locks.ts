/** The Web Locks API for tabs that are objects in one process. */

interface Request {
  name: string;
  mode: "exclusive" | "shared";
  grant: () => void;
  reject: (cause: unknown) => void;
}

export class FakeLocks {
  readonly #held: Request[] = [];
  #queue: Request[] = [];

  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const callback = rest.at(-1) as (lock: object | null) => unknown;
    const options = (rest.length > 1 ? rest[0] : {}) as LockOptions;
    const mode = options.mode ?? "exclusive";
    return new Promise((resolve, reject) => {
      const request: Request = { name, mode, grant: () => {}, reject };
      const run = async () => {
        try {
          resolve(await callback({ name, mode }));
        } catch (error) {
          reject(error);
        } finally {
          const at = this.#held.indexOf(request);
          if (at >= 0) this.#held.splice(at, 1);
          this.#serve();
        }
      };
      request.grant = () => void run();
      if (options.ifAvailable && !this.#isFree(request)) return resolve(callback(null));
      options.signal?.addEventListener("abort", () => {
        this.#queue = this.#queue.filter((each) => each !== request);
        reject(options.signal?.reason);
      });
      if (options.steal) this.#steal(request);
      else this.#queue.push(request);
      this.#serve();
    });
  }

  /** Those who held it are told, and go on with what they do. */
  #steal(request: Request): void {
    for (const held of this.#held.filter(({ name }) => name === request.name)) {
      this.#held.splice(this.#held.indexOf(held), 1);
      held.reject(new DOMException("The lock was stolen.", "AbortError"));
    }
    this.#held.push(request);
    queueMicrotask(request.grant);
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
