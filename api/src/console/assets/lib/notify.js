// What is said beside the views: a toast for what was done, a banner while there is no connection.

import { strings } from "../strings.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 5_000;
const MOST = 3;

/** Says that something was done, to eyes and to screen readers. */
export function say(text, kind = "good") {
  announce(text);
  show(kind, kind === "good" ? "check" : "info", text, STAYS);
}

/** Says that something went wrong where no form could say it. It stays until it is dismissed. */
export function complain(problem) {
  announce(problem.message);
  show("bad", "warning", problem.message, 0);
}

/** Takes all toasts away, such as when somebody else may sign in. */
export function hush() {
  document.getElementById("toasts").replaceChildren();
}

/** Says something to screen readers only. */
function announce(text) {
  const announcer = document.getElementById("announcer");
  announcer.textContent = "";
  // A text that is there already is not read again; an empty moment makes it new.
  setTimeout(() => (announcer.textContent = text), 50);
}

/** Shows or hides the sentence that there is no connection. */
export function connection(there) {
  const banner = document.getElementById("connection");
  if (!banner || banner.hidden === there) return;
  banner.hidden = there;
  announce(there ? strings.problems.connected : strings.problems.disconnected);
}

// The browser knows first that its line is gone.
addEventListener("offline", () => connection(false));

function show(kind, symbol, text, stays) {
  const toast = h(`div.toast.toast-${kind}`, icon(symbol), h("span", text));
  const close = h("button.plain", { type: "button", "aria-label": strings.dismiss, onclick: () => toast.remove() }, icon("close"));
  toast.append(close);
  // Toasts stand in the top layer, above an open dialog.
  const place = document.querySelector("dialog[open] .toasts") ?? document.getElementById("toasts");
  place.append(toast);
  while (place.children.length > MOST) place.firstElementChild.remove();
  if (stays > 0) setTimeout(() => toast.remove(), stays);
}
