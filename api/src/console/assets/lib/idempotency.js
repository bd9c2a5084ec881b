// The same submission sent again carries the same key, so that a lost answer never makes a second link or a second text.

/** Gives keys for one form: the same key as long as the payload is the same, and has not succeeded. */
export function submissionKeys() {
  let last = null;
  return {
    for(payload) {
      if (last?.payload !== payload) last = { payload, key: randomKey() };
      return last.key;
    },
    succeeded() {
      last = null;
    },
  };
}

function randomKey() {
  // `randomUUID` is only there in a secure context; an installation in a local network may be without TLS.
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
