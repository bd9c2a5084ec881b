// The link as a QR code, for a counter or a printed letter.

import { addressOf } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { money } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { strings } from "../strings.js";

/** Opens the dialog that shows it. */
export function showQr(link) {
  const t = strings.qr;
  const address = addressOf(`/payment-links/${encodeURIComponent(link.id)}/qr.svg`);
  openDialog({
    title: t.title,
    content: (close) => [
      h("div.qr",
        h("img", { src: address, alt: t.alt(link.invoice_number), width: "240", height: "240" }),
        h("p.quiet", t.text(link.invoice_number, money(link.amount, link.currency)))),
      h("div.actions",
        h("a.button", { href: address, download: `${link.invoice_number}.svg` }, icon("download"), t.download),
        h("button.primary", { type: "button", onclick: close, autofocus: true }, t.done)),
    ],
  });
}
