// Voiding a link, after a question.

import { command } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { money } from "../lib/format.js";
import { field, form } from "../lib/form.js";
import { strings } from "../strings.js";

const LONGEST_REASON = 500;

/** Asks, and voids; `changed` gets the link as it is then. */
export function voidLink(link, changed) {
  const t = strings.voidLink;
  openDialog({
    title: t.title,
    content: (close) => {
      const reason = h("textarea", { name: "reason", rows: "2", maxlength: String(LONGEST_REASON) });
      const body = () => ({ reason: reason.value.trim() || undefined });
      return form({
        fields: [
          h("p", t.text(link.invoice_number, money(link.amount, link.currency))),
          field({ label: t.reason, control: reason, hint: t.reasonHint }),
          h("div.actions",
            h("button", { type: "button", onclick: close, autofocus: true }, t.keep),
            h("button.danger", { type: "submit", "data-submit": true }, h("span.label", t.submit))),
        ],
        payload: () => JSON.stringify(body()),
        send: ({ idempotencyKey }) => command("POST", `/payment-links/${link.id}/void`, body(), { idempotencyKey }),
        done: (voided) => {
          close();
          changed(voided);
        },
      });
    },
  });
}
