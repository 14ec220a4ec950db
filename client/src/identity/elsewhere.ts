/** What the pages of one browser say to each other about who is signed in: a user's name, nothing else. */

import { openChannel } from "../channel.js";
import { newKey } from "../environment.js";

interface SignedIn {
  user: string;
  page: string;
}

let page: string | null = null;

/** Tells other pages who is signed in here, and hears it of them, until the returned function is called. */
export function tellUser(baseUrl: string, user: string, onOther: (user: string) => void): () => void {
  page ??= newKey();
  const channel = openChannel(`tutorstream-user:${baseUrl}`);
  if (channel === null) return () => {};
  channel.onmessage = ({ data }: MessageEvent<SignedIn>) => {
    if (data.page !== page) onOther(data.user);
  };
  channel.postMessage({ user, page } satisfies SignedIn);
  return () => channel.close();
}
