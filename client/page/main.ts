/** Starts the page: one state, the actions that change it, the views that show it, at most one drawing per frame. */

import { type Session, TutorClient } from "../src/index.js";
import { OpenChat } from "./open-chat.js";
import { Sessions } from "./sessions.js";
import { SignIn } from "./sign-in.js";
import { AccountNotice } from "./view/account-notice.js";
import { Announcer } from "./view/announcer.js";
import { Composer } from "./view/composer.js";
import { confirmDelete } from "./view/confirm.js";
import { Drawer } from "./view/drawer.js";
import { HeaderView } from "./view/header.js";
import { Sidebar } from "./view/sidebar.js";
import { ThreadView } from "./view/thread.js";
import { ToastView } from "./view/toast.js";

const LOOK_EVERY_MS = 30_000;

const signIn = new SignIn();
const client = new TutorClient({ token: signIn.token });
const open = new OpenChat({
  client,
  onChange: schedule,
  onSession: (id) => history.replaceState(null, "", addressOf(id)),
});
const { store } = open;
const sessions = new Sessions(client, store);
open.sessions = sessions;
const drawer = new Drawer();

/** The buttons of some actions go away when they are pressed; the focus must not go with them. */
function thenWrite<A extends unknown[]>(action: (...subject: A) => unknown): (...subject: A) => void {
  return (...subject) => {
    action(...subject);
    composer.focus();
  };
}

const actions = {
  send: thenWrite((text: string) => open.send(text)),
  stop: () => void open.stop(),
  continueReply: thenWrite(open.continue.bind(open)),
  regenerate: thenWrite(open.regenerate.bind(open)),
  choose: (messageId: string) => open.choose(messageId),
  editUnsent: thenWrite(open.editUnsent.bind(open)),
  cancelUnsent: thenWrite(open.cancelUnsent.bind(open)),
  retryUnsent: thenWrite(open.retryUnsent.bind(open)),
  discardUnclaimed: () => open.discardUnclaimed(),
  loadOlder: () => void open.loadOlder(),
  reload: () => open.reload(),
  startNew: () => go(null),
  reloadSessions: () => void sessions.load(),
  moreSessions: () => void sessions.loadMore(),
  rename: (id: string, title: string) => void sessions.rename(id, title),
  remove: (session: Session) => void removeSession(session),
  closeDrawer: () => drawer.closeIfNarrow(),
};

export type Actions = typeof actions;

const composer = new Composer(actions);
const thread = new ThreadView(actions);
const views = [
  new HeaderView(),
  new AccountNotice(actions),
  new Sidebar(actions),
  composer,
  new Announcer(),
  new ToastView(() => store.set({ toast: null })),
];

let frame = 0;

function draw(): void {
  frame = 0;
  for (const view of views) view.update(store.state);
  if (thread.update(store.state)) schedule();
}

function schedule(): void {
  frame ||= requestAnimationFrame(draw);
}

function addressOf(sessionId: string | null): string {
  return sessionId === null ? "#/" : `#/sessions/${encodeURIComponent(sessionId)}`;
}

function readAddress(): string | null {
  const name = /^#\/sessions\/([\w%.~-]+)$/.exec(location.hash)?.[1];
  try {
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}

function openAddress(): void {
  open.open(readAddress());
  composer.focus();
}

function go(sessionId: string | null): void {
  drawer.closeIfNarrow();
  if (readAddress() === sessionId) openAddress();
  else location.hash = addressOf(sessionId);
}

async function removeSession(session: Session): Promise<void> {
  if (!(await confirmDelete(session.title || "Untitled chat"))) return;
  const wasOpen = session.id === store.state.chat.sessionId;
  if ((await sessions.remove(session.id)) && wasOpen) go(null);
}

/** The open conversation tells its news itself; the list of all of them has to be looked at. */
function lookForNews(): void {
  if (!document.hidden) void sessions.load();
}

window.addEventListener("hashchange", openAddress);
window.addEventListener("online", lookForNews);
document.addEventListener("visibilitychange", lookForNews);
setInterval(lookForNews, LOOK_EVERY_MS);

void sessions.load();
openAddress();
