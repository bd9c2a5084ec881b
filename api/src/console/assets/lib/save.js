// Files that the console makes, for the browser to keep.

import { h } from "./dom.js";

/** How long a browser may take to begin: it reads the address after the click. */
const KEPT = 60_000;

/** Saves text as a CSV of this name. */
export function save(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}
