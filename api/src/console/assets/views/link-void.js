// Voiding a link, after a question.

import { command } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { keptIn } from "../lib/drafts.js";
import { money } from "../lib/format.js";
import { field } from "../lib/form.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";

const LONGEST_REASON = 500;

/** Asks, and voids; `changed` gets the link as it is then. A buyer who was sent the link, and wants texts, can be told. */
export function voidLink(link, { mayBeTold, changed }) {
  const t = strings.voidLink;
  const reason = h("textarea", { name: "reason", rows: "2", maxlength: String(LONGEST_REASON) });
  const forget = keptIn(reason, `void ${link.id}`);
  const tell = h("input", { type: "checkbox", name: "tell_buyer" });
  const body = () => ({ reason: reason.value.trim() || undefined, tell_buyer: tell.checked || undefined });
  confirm({
    title: t.title,
    text: t.text(link.invoice_number, money(link.amount, link.currency)),
    fields: [
      field({ label: t.reason, control: reason, hint: t.reasonHint }),
      mayBeTold && h("label.check", tell, h("span", t.tellBuyer)),
    ],
    act: t.submit,
    keep: t.keep,
    payload: () => JSON.stringify(body()),
    send: ({ idempotencyKey }) => command("POST", `/payment-links/${link.id}/void`, body(), { idempotencyKey }),
    done(result) {
      forget();
      changed(result);
    },
  });
}
