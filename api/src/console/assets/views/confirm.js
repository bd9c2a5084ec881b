// A question before something that cannot be undone.

import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { field, form, input } from "../lib/form.js";
import { strings } from "../strings.js";

/** Asks. `act` is the name of the button that does it and `kind` its look, `keep` of the one that does not; `fields` come between. */
export function confirm({ title, text, fields = [], act, kind = "danger", keep = strings.cancel, payload = () => "", send, done }) {
  openDialog({
    title,
    content: (close) => form({
      fields: [h("p", text), fields, h("div.actions",
        h("button", { type: "button", onclick: close, autofocus: true }, keep),
        h(`button.${kind}`, { type: "submit", "data-submit": true }, h("span.label", act)))],
      payload,
      send,
      done(result) {
        close();
        done(result);
      },
    }),
  });
}

/** The same with a reason for the audit log, which `send(reason)` gets; `name` is the button's. */
export function confirmWithReason({ title, text, name, kind, send, done }) {
  const t = strings.reasons;
  const reason = input("reason", { required: true, maxlength: "500" });
  confirm({
    title,
    text,
    fields: field({ label: t.reason, control: reason, hint: t.hint }),
    act: name,
    kind,
    payload: () => reason.value,
    send: () => send(reason.value.trim()),
    done,
  });
}
