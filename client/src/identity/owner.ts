/**
 * Whose things are kept in a browser. What is kept lies in a drawer whose name anybody can tell offline from the
 * caller's credentials; which user a drawer belongs to, only the server says. A drawer's name proves nothing: it is
 * read from a token that nobody has verified here.
 */

import { sha256 } from "./sha256.js";

export interface Owner {
  readonly drawer: string;
  /** As the server named it last, or the application did; null when neither has. */
  readonly user: string | null;
}

/** Of callers without a token whom no server has named yet. */
export const NOBODY = "nobody";

export function drawerOf(token: string | null, user: string | null): string {
  if (user !== null) return drawerOfUser(user);
  if (token === null) return NOBODY;
  const subject = readSubject(token);
  return subject === null ? `token:${sha256(token)}` : `subject:${subject}`;
}

export function drawerOfUser(user: string): string {
  return `user:${user}`;
}

/** Only who has the very token can open such a drawer, or the user that the server named for it. */
export function isBoundToToken(drawer: string): boolean {
  return drawer.startsWith("token:") || drawer.startsWith("subject:");
}

export function isSameOwner(one: Owner, other: Owner): boolean {
  if (one.user !== null && other.user !== null) return one.user === other.user;
  return one.drawer === other.drawer;
}

/** Issuer and subject of a JWT, which stay when the token is renewed. */
function readSubject(token: string): string | null {
  const [, payload, signature] = token.split(".");
  if (!payload || signature === undefined) return null;
  try {
    const { iss = null, sub } = JSON.parse(decodeBase64Url(payload)) as Record<string, unknown>;
    return typeof sub === "string" && sub !== "" ? JSON.stringify([iss, sub]) : null;
  } catch {
    // Not a JWT after all: its digest names the drawer.
    return null;
  }
}

function decodeBase64Url(text: string): string {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}
