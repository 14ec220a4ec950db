/**
 * Who the credentials of a client stand for: the drawer that they open, and the user that the server names for them.
 * Says when that changes. Keeps and sends nothing itself.
 */

import { newKey } from "../environment.js";
import { NetworkError, Problem } from "../http/problem.js";
import { Ledger } from "./ledger.js";
import { NOBODY, type Owner, drawerOf, drawerOfUser, isBoundToToken, isSameOwner } from "./owner.js";

const ANSWER_WITHIN_MS = 2_500;

export interface IdentitySources {
  baseUrl: string;
  /** The caller's token, asked for as often as it takes. */
  token: () => Promise<string | null>;
  /** The user that the server names for the credentials of now; null when it names none. */
  profile: () => Promise<string | null>;
}

/** What the server has said of one set of credentials. */
interface Naming {
  token: string | null;
  user: Promise<string | null>;
}

export class Identity {
  readonly #sources: IdentitySources;
  readonly #ledger: Ledger;
  readonly #listeners = new Set<(owner: Owner | null) => void>();
  #given: string | null;
  #owner: Owner | null = null;
  #asking: Promise<Owner> | null = null;
  #naming: Naming | null = null;
  /** Counts credentials: what was asked for earlier ones says nothing about these. */
  #epoch = 0;
  #period = newKey();

  constructor(sources: IdentitySources, user: string | null) {
    this.#sources = sources;
    this.#ledger = new Ledger(sources.baseUrl);
    this.#given = user || null;
  }

  /** A name for the time in which nobody has replaced the credentials. */
  get period(): string {
    return this.#period;
  }

  /** As far as it is known. */
  get current(): Owner | null {
    return this.#owner;
  }

  /** Calls back when somebody else acts from now on; with null while it is not known who. */
  onChange(listener: (owner: Owner | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Other credentials: nobody is known until they are asked. */
  replace(user: string | null): void {
    this.#given = user || null;
    this.#forget();
    this.#tell(null);
  }

  /** Whether a token is another one of who acts already. */
  isRenewal(token: unknown, user: string | null): boolean {
    if (typeof token !== "string" || this.#owner === null || (user || null) !== this.#given) return false;
    return drawerOf(token, this.#given) === this.#owner.drawer;
  }

  /** Whether the application has named the same user for both. */
  isGivenAs(other: Identity): boolean {
    return this.#given === other.#given;
  }

  /** Who acts. Rejects when there is no token to be had. */
  owner(): Promise<Owner> {
    this.#asking ??= this.#ask(this.#epoch).catch((cause: unknown) => {
      this.#asking = null;
      throw cause;
    });
    return this.#asking;
  }

  /** Who acts, with the user's name if the server tells it soon. */
  async ownerByName(): Promise<Owner> {
    const owner = await this.owner();
    if (owner.user === null) await this.#nameSoon();
    return this.#owner ?? owner;
  }

  /** The user that the server names, asked once for each token; null when the server names nobody. */
  async named(): Promise<string | null> {
    const epoch = this.#epoch;
    const token = await this.#sources.token();
    if (this.#naming?.token !== token) this.#naming = { token, user: this.#sources.profile() };
    const naming = this.#naming;
    try {
      const user = await naming.user;
      // The answer may be about a token that was renewed on the way.
      if (epoch !== this.#epoch || (await this.#sources.token()) !== token) return this.named();
      this.#learn(token, user);
      return user;
    } catch (cause) {
      if (this.#naming === naming) this.#naming = null;
      throw cause;
    }
  }

  /** Another tab acts as somebody else, or the server took us for another one: it is asked again. */
  async recheck(): Promise<void> {
    if (this.#given !== null) return;
    this.#naming = null;
    await this.named().catch(() => null);
  }

  /** The client uses this token from now on. */
  async renewed(token: string | null): Promise<void> {
    if (this.#owner === null || this.#given !== null) return;
    if (drawerOf(token, null) === this.#owner.drawer) return;
    // Only the server can say whether it belongs to the same user.
    await this.named().catch(() => this.#settle({ drawer: drawerOf(token, null), user: null }));
  }

  /** Whether what belongs to this owner may be sent with this token. Asks the server where the token does not tell. */
  async mayAct(owner: Owner, token: string | null): Promise<boolean> {
    const drawer = drawerOf(token, this.#given);
    if (drawer === owner.drawer && (isBoundToToken(drawer) || this.#given !== null)) return true;
    const user = this.#given ?? (await this.named());
    return user === null ? owner.drawer === drawer : isSameOwner(owner, { drawer, user });
  }

  async #ask(epoch: number): Promise<Owner> {
    const token = await this.#sources.token();
    // Credentials that are not in a token (a cookie, a server without authentication): only the server can say.
    const user = this.#given ?? (token === null ? await this.#nameOrRecall() : null);
    if (epoch !== this.#epoch) return this.owner();
    const drawer = drawerOf(token, user);
    this.#owner ??= { drawer, user: user ?? this.#ledger.userOf(drawer) };
    return this.#owner;
  }

  async #nameOrRecall(): Promise<string | null> {
    return (await this.#nameSoon()) ?? this.#ledger.userOf(NOBODY);
  }

  /** Whoever writes is not kept waiting by a server that does not answer: it is asked before anything is sent. */
  async #nameSoon(): Promise<string | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const impatient = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ANSWER_WITHIN_MS)));
    try {
      return await Promise.race([this.named(), impatient]);
    } catch (cause) {
      if (cause instanceof NetworkError || cause instanceof Problem) return null;
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }

  #learn(token: string | null, user: string | null): void {
    if (this.#given !== null) return;
    const drawer = token === null && user !== null ? drawerOfUser(user) : drawerOf(token, null);
    if (user !== null) this.#ledger.note(token === null ? NOBODY : drawer, user);
    this.#settle({ drawer, user });
  }

  #settle(owner: Owner): void {
    const before = this.#owner;
    if (before?.drawer === owner.drawer && before.user === owner.user) return;
    this.#owner = owner;
    this.#asking = Promise.resolve(owner);
    this.#tell(owner);
  }

  #forget(): void {
    this.#epoch += 1;
    this.#period = newKey();
    this.#owner = null;
    this.#asking = null;
    this.#naming = null;
  }

  #tell(owner: Owner | null): void {
    for (const listener of [...this.#listeners]) listener(owner);
  }
}
