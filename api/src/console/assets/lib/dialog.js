// Native dialogs: the browser keeps the focus inside, closes them on Esc and gives the focus back.

import { strings } from "../strings.js";
import { byKey, h, keyOf, uniqueId } from "./dom.js";
import { icon } from "./icons.js";

const FIRST_FIELD = ".dialog-body :is(input:not([type=file], [type=hidden]), select, textarea)";

/** Opens a dialog. `content(close)` gives what is in it; `closed` is told when it is gone, however that came. */
export function openDialog({ title, wide = false, content, closed = () => {} }) {
  const opener = document.activeElement;
  const heading = uniqueId("dialog");
  const close = () => dialog.close();
  const dialog = h(wide ? "dialog.wide" : "dialog", { "aria-labelledby": heading });
  dialog.append(
    h("div.dialog-head",
      h("h2", { id: heading }, title),
      h("button.plain", { type: "button", "aria-label": strings.close, onclick: close }, icon("close"))),
    h("div.dialog-body", content(close)),
    h("div.toasts"),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
    giveFocusBack(opener);
  });
  document.body.append(dialog);
  dialog.showModal();
  // Without one that is named, the first field: whoever opens a form wants to fill it in.
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector(FIRST_FIELD))?.focus();
  return { close };
}

/** Closes whatever is open, such as when another page is shown. */
export function closeDialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
}

function giveFocusBack(opener) {
  if (opener?.isConnected) opener.focus();
  else if (keyOf(opener)) byKey(keyOf(opener))?.focus();
}
