// The credits available, on every page.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { number } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { live } from "../lib/live.js";
import { strings } from "../strings.js";

/** Keeps the balance in `place`; answers how to stop. */
export function followBalance(place) {
  const following = live({
    name: () => "balance",
    load: (signal) => get("/credits", { signal }),
    hears: ({ kind }) => kind === "credits.updated",
    show: ({ available, low }) => {
      place.classList.toggle("none-left", available === 0 || low === true);
      swap(place, icon("credits"), h("span.in-words", strings.nav.available(available)), h("span.only-smallest", { "aria-hidden": "true" }, number(available)));
    },
    fail: () => swap(place),
  });
  return following.stop;
}
