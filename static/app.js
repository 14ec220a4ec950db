// Starts the page: one store, the actions that change it, the views that show it, at most one drawing per frame.

import { Chat } from "./chat/chat.js";
import { Sessions } from "./chat/sessions.js";
import { createStore } from "./chat/store.js";
import { Announcer } from "./view/announcer.js";
import { Composer } from "./view/composer.js";
import { confirmDelete } from "./view/confirm.js";
import { Drawer } from "./view/drawer.js";
import { HeaderView, Toast } from "./view/header.js";
import { Sidebar } from "./view/sidebar.js";
import { ThreadView } from "./view/thread.js";

const LOOK_EVERY_MS = 5000;

const store = createStore();
const sessions = new Sessions(store);
const chat = new Chat(store, sessions, { onSession: (id) => history.replaceState(null, "", addressOf(id)) });
const drawer = new Drawer();

// The buttons of these go away when pressed; the focus must not go with them.
const thenWrite = (action) => (subject) => {
  action(subject);
  composer.focus();
};

const actions = {
  stop: () => chat.stop(),
  send: thenWrite((text) => chat.send(text)),
  retry: thenWrite((clientMessageId) => chat.retry(clientMessageId)),
  discard: thenWrite((clientMessageId) => chat.discard(clientMessageId)),
  continueReply: thenWrite((message) => chat.continueReply(message)),
  regenerate: thenWrite((message) => chat.regenerate(message)),
  choose: (replyTo, messageId) => chat.choose(replyTo, messageId),
  loadOlder: () => chat.loadOlder(),
  reload: () => chat.open(store.state.sessionId),
  startNew: () => go(null),
  reloadSessions: () => sessions.load(),
  moreSessions: () => sessions.loadMore(),
  rename: (id, title) => sessions.rename(id, title),
  remove: removeSession,
  closeDrawer: () => drawer.closeIfNarrow(),
};

const composer = new Composer(actions);
const thread = new ThreadView(actions);
const views = [
  new HeaderView(),
  new Sidebar(actions),
  composer,
  new Announcer(),
  new Toast(() => store.set({ toast: null })),
];

let frame = 0;

function draw() {
  frame = 0;
  views.forEach((view) => view.update(store.state));
  if (thread.update(store.state)) schedule();
}

function schedule() {
  frame ||= requestAnimationFrame(draw);
}

function addressOf(sessionId) {
  return sessionId === null ? "#/" : `#/sessions/${encodeURIComponent(sessionId)}`;
}

function readAddress() {
  const match = /^#\/sessions\/([\w%.~-]+)$/.exec(location.hash);
  try {
    return match ? decodeURIComponent(match[1]) : null;
  } catch {
    return null;
  }
}

function openAddress() {
  chat.open(readAddress());
  composer.focus();
}

function go(sessionId) {
  drawer.closeIfNarrow();
  if (readAddress() === sessionId) openAddress();
  else location.hash = addressOf(sessionId);
}

async function removeSession(session) {
  if (!(await confirmDelete(session.title || "Untitled chat"))) return;
  const wasOpen = session.id === store.state.sessionId;
  if ((await sessions.remove(session.id)) && wasOpen) go(null);
}

function lookForNews() {
  if (document.hidden || !navigator.onLine) return;
  if (store.state.sessionsPhase === "error") sessions.load();
  chat.catchUp();
}

function comeBack() {
  if (document.hidden) return;
  if (!store.state.turn) sessions.load();
  lookForNews();
}

store.subscribe(schedule);
window.addEventListener("hashchange", openAddress);
window.addEventListener("focus", comeBack);
document.addEventListener("visibilitychange", comeBack);
window.addEventListener("offline", () => store.set({ online: false }));
window.addEventListener("online", () => {
  store.set({ online: true });
  lookForNews();
});
setInterval(lookForNews, LOOK_EVERY_MS);

sessions.load();
openAddress();
