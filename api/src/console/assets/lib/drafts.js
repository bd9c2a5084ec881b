// What was typed and not sent. It stays in this tab's memory when a dialog is closed by Esc or a session ends, for whoever signs in
// with the same key; a reload or another key takes it away.

let owner = null;
let drafts = new Map();

/** Remembers whose drafts these are: somebody else's are forgotten. */
export function useDraftsOf(key) {
  if (owner !== key) drafts = new Map();
  owner = key;
}

/** What was left under this name, or nothing. */
export function draft(name) {
  return drafts.get(name);
}

/** Keeps it. What is empty is forgotten. */
export function keepDraft(name, value) {
  if (value) drafts.set(name, value);
  else drafts.delete(name);
}

/** Keeps what is typed into a field, and puts back what was left. Answers how to forget it, once it is sent. */
export function keptIn(control, name) {
  const left = draft(name);
  if (left !== undefined) control.value = left;
  control.addEventListener("input", () => keepDraft(name, control.value));
  return () => keepDraft(name, undefined);
}
