// Who is signed in. The key lives as long as the tab; it is never in an address, a cookie or a log.

const NAME = "paylink.key";

let memory = null;

/** The key, or `null`. */
export function key() {
  try {
    return sessionStorage.getItem(NAME) ?? memory;
  } catch {
    return memory;
  }
}

/** Signs in. Where the browser keeps no storage, the key is kept until the page is reloaded. */
export function begin(newKey) {
  memory = newKey;
  try {
    sessionStorage.setItem(NAME, newKey);
  } catch {
    // The copy in memory has to do.
  }
}

/** Signs out. */
export function end() {
  memory = null;
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // There was nothing to remove.
  }
}
