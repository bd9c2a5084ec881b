// Copying, also where the browser gives no clipboard: an installation in a local network may be without TLS.

import { strings } from "../strings.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { say } from "./notify.js";

/** A text that is there to be copied, with the button that does it. */
export function copyable(label, text, { key, more = [] } = {}) {
  const shown = h("input.copyable-text", { type: "text", readonly: true, value: text, "aria-label": label, onfocus: (event) => event.target.select() });
  const copy = async () => {
    if (await copied(text, shown)) say(strings.copied(label));
    else shown.focus();
  };
  return h("div.copyable", shown,
    h("button", { type: "button", key, onclick: copy }, icon("copy"), strings.copy, h("span.visually-hidden", ` ${label}`)), more);
}

async function copied(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    shown.select();
    return document.execCommand("copy");
  }
}
