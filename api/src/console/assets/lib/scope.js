// What the key of this session may do. The server decides; here it only spares people buttons that would be refused.

const SCOPES = ["read", "send", "write", "admin"];

let held = "read";
let own;

/** Remembers the key of whoever signed in. */
export function useKey({ id, scope }) {
  own = id;
  held = scope;
}

/** The id of that key. */
export function ownKey() {
  return own;
}

/** Whether the key has this scope, or a wider one. */
export function may(needed) {
  return SCOPES.indexOf(held) >= SCOPES.indexOf(needed);
}
