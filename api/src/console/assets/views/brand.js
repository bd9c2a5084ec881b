// The product's name and mark.

import { h } from "../lib/dom.js";
import { strings } from "../strings.js";

/** The mark with the name. */
export function brand() {
  return h("span.brand", h("img", { src: "/console/icon.svg", alt: "", width: "28", height: "28" }), strings.product);
}
