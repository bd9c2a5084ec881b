// The choice of the language in which the console speaks.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { choose, languages } from "../lib/language.js";
import { strings } from "../strings.js";

/** A list of the languages; whichever is chosen is spoken at once. */
export function languageChoice() {
  const options = languages().map(([value, name]) => h("option", { value, lang: value, selected: value === strings.language }, name));
  const list = h("select", { key: "language", onchange: () => choose(list.value) }, options);
  return h("label.language", icon("globe"), h("span.visually-hidden", strings.languageLabel), list);
}
