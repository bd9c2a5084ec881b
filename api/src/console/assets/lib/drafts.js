// What was typed and not sent. It stays with this tab when a dialog is closed by Esc, over a reload and when a session ends, for whoever
// signs in with the same key. Another key, signing out by choice, in whatever tab, and the end of the tab take it away.

const PLACE = "paylink.drafts";

let owner = null;
let drafts = new Map();

// All tabs share one session: whoever signs out in one signs out in all.
const tabs = new BroadcastChannel(PLACE);
tabs.addEventListener("message", forgetHere);

/** Ends the lock by which other tabs know that this one has something. */
let release = null;

/** Remembers whose drafts these are: somebody else's are forgotten. */
export function useDraftsOf(key) {
  if (owner === key) return;
  const kept = stored();
  drafts = new Map(kept?.owner === key ? kept.drafts : []);
  owner = key;
  store();
}

/** Forgets them all, in every tab: their owner leaves. */
export function forgetDrafts() {
  forgetHere();
  tabs.postMessage("forget");
}

/** Whether anything was typed and not sent: here, or in another tab, as far as the browser says that. */
export async function anyDrafts() {
  if (drafts.size > 0) return true;
  const { held = [] } = await navigator.locks?.query() ?? {};
  return held.some(({ name }) => name === PLACE);
}

/** What was left under this name, or nothing. */
export function draft(name) {
  return drafts.get(name);
}

/** Keeps it. What is empty is forgotten. */
export function keepDraft(name, value) {
  if (value) drafts.set(name, value);
  else drafts.delete(name);
  store();
}

/** Keeps what is typed into a field, and puts back what was left. Answers how to forget it, once it is sent. */
export function keptIn(control, name) {
  const left = draft(name);
  if (left !== undefined) control.value = left;
  control.addEventListener("input", () => keepDraft(name, control.value));
  return () => keepDraft(name, undefined);
}

function forgetHere() {
  drafts = new Map();
  owner = null;
  store();
}

/** What a page of this tab kept before; nothing where a browser keeps nothing. */
function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE));
  } catch {
    return null;
  }
}

/** Holds a lock while there is something: the browser gives it up with the tab. */
function hold() {
  if (drafts.size === 0) {
    release?.();
    release = null;
  } else if (release === null) {
    release = () => {};
    // What was forgotten before the lock came needs none.
    navigator.locks?.request(PLACE, { mode: "shared" }, () => drafts.size > 0 && new Promise((resolve) => (release = resolve)));
  }
}

function store() {
  hold();
  try {
    if (drafts.size === 0 || owner === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, JSON.stringify({ owner, drafts: [...drafts] }));
  } catch {
    // It stays in memory.
  }
}
