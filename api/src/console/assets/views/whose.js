// The shop's name in the bar.

import { h, swap } from "../lib/dom.js";

/** Shows whose console it is. */
export function whose(name) {
  return h("p.whose", { title: name }, name);
}

/** The shop has another name from now on. */
export function callShop(name) {
  for (const place of document.querySelectorAll(".whose")) {
    place.title = name;
    swap(place, name);
  }
}
