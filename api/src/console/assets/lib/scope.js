// What the key of this session may do. The server decides; here it only spares people buttons that would be refused.

const SCOPES = ["read", "send", "write", "admin"];

let held = "read";

/** Remembers the scope of whoever signed in. */
export function useScope(scope) {
  held = scope;
}

/** Whether the key has this scope, or a wider one. */
export function may(needed) {
  return SCOPES.indexOf(held) >= SCOPES.indexOf(needed);
}
