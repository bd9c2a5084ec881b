// The shop's name in the bar.

import { h, swap } from "../lib/dom.js";

/** Shows whose console it is. */
export function whose(name) {
  // By its own direction, which is the end that is left out.
  return h("p.whose", { title: name, dir: "auto" }, name);
}

/** The shop has another name from now on. */
export function callShop(name) {
  for (const place of document.querySelectorAll(".whose")) {
    place.title = name;
    swap(place, name);
  }
}
