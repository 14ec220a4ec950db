// The page's one state object. Patches replace values, never change them, so views can compare by identity.

export const initialState = {
  sessions: [],
  sessionsPhase: "loading",
  sessionsCursor: null,
  sessionsError: null,
  provider: null,

  sessionId: null,
  threadPhase: "draft",
  threadError: null,
  messages: [],
  olderCursor: null,
  loadingOlder: false,
  choices: {},
  focus: null,

  turn: null,
  online: navigator.onLine,
  toast: null,
};

export function createStore(initial = initialState) {
  let state = initial;
  const listeners = new Set();
  const set = (patch) => {
    state = { ...state, ...patch };
    listeners.forEach((listener) => listener(state));
  };
  return {
    get state() {
      return state;
    },
    set,
    setMessage(id, patch) {
      set({ messages: state.messages.map((message) => (message.id === id ? { ...message, ...patch } : message)) });
    },
    setTurn(patch) {
      if (state.turn) set({ turn: { ...state.turn, ...patch } });
    },
    notify(title, detail = "") {
      set({ toast: { title, detail } });
    },
    subscribe(listener) {
      listeners.add(listener);
    },
  };
}
