// The dialog that makes a payment link.

import { upload } from "../lib/api.js";
import { understood } from "../lib/decimal.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { dayText, isoDay, written } from "../lib/format.js";
import { actions, amountInput, field, form, input } from "../lib/form.js";
import { openPdf, whileBusy } from "../lib/pdf.js";
import { waysToPay } from "../lib/ways.js";
import { strings } from "../strings.js";
import { receiptChoice } from "./link-paid.js";
import { pdfPicker } from "./pdf-picker.js";

const LONGEST = 90;

/** Opens the dialog; `created` gets the new link. */
export function createLink(order, created) {
  const leaving = new AbortController();
  const invoice = invoiceChoice(order);
  openDialog({
    title: strings.createLink.title,
    wide: true,
    content: (close) => linkForm({ order, invoice, close, created, signal: leaving.signal }),
    closed() {
      leaving.abort();
      invoice.forget();
    },
  });
}

function linkForm({ order, invoice, close, created, signal }) {
  const t = strings.createLink;
  const [usual, last] = [LONGEST - 1, LONGEST].map((days) => new Date(Date.now() + days * 24 * 3_600_000));
  const terms = {
    invoice_number: input("invoice_number", { required: true, maxlength: "64", value: order.number }),
    amount: amountInput("amount", { required: true, value: written(order.amount) }),
    expires_on: h("input", { type: "date", name: "expires_on", min: isoDay(new Date()), max: isoDay(last) }),
  };
  const ways = waysToPay({ inherited: true });
  terms.payment_methods = { get value() { return ways.value() ?? ""; } };
  const receipt = receiptChoice(t.receipt);
  terms.receipt = { get value() { return String(receipt.value() ?? ""); } };
  const progress = uploadProgress();
  return form({
    fields: [
      invoice.node,
      h("div.columns",
        field({ label: t.number, control: terms.invoice_number }),
        field({ label: t.amount, control: terms.amount, suffix: order.currency.toUpperCase() })),
      field({ label: t.expires, control: terms.expires_on, hint: t.expiresHint(dayText(usual)) }),
      receipt.node,
      h("details.more-terms", { key: "ways" }, h("summary", strings.ways.label), ways.node),
      progress.node,
      actions(t.submit, { cancel: close }),
    ],
    check: invoice.check,
    payload: () => payloadOf(invoice, terms),
    send: async ({ idempotencyKey }) => {
      const options = { idempotencyKey, signal, onProgress: progress.show };
      try {
        return await upload(`/orders/${order.id}/payment-links`, formOf(invoice, terms), options);
      } finally {
        progress.hide();
      }
    },
    done: (link) => {
      close();
      created(link);
    },
  });
}

function formOf(invoice, terms) {
  const data = new FormData();
  for (const [name, control] of Object.entries(terms)) {
    const value = name === "amount" ? understood(control.value) : control.value.trim();
    if (value) data.append(name, value);
  }
  if (invoice.file()) data.append("invoice", invoice.file());
  return data;
}

/** What is the same of two submissions if and only if they ask for the same. */
function payloadOf(invoice, terms) {
  const file = invoice.file();
  const values = Object.values(terms).map((control) => control.value.trim());
  return JSON.stringify([values, file && [file.name, file.size, file.lastModified]]);
}

/** Either the merchant's PDF or the order's details page. */
function invoiceChoice(order) {
  const t = strings.createLink;
  const picker = pdfPicker();
  const see = h("button.as-link", {
    type: "button",
    onclick: (event) => whileBusy(event.currentTarget, () => openPdf(`/orders/${order.id}/details.pdf`, `order-${order.number}`)),
  }, t.see);
  const details = h("p.hint.details-note", { hidden: true }, t.detailsHint, " ", see);
  const choose = (isUpload) => {
    picker.node.hidden = !isUpload;
    details.hidden = isUpload;
  };
  const option = (value, label) => h("label.choice",
    h("input", { type: "radio", name: "source", value, checked: value === "upload", autofocus: value === "upload", onchange: () => choose(value === "upload") }),
    h("span", label));
  const node = h("fieldset.invoice-choice", h("legend", t.source),
    h("div.choices", option("upload", t.upload), option("details", t.detailsPage)), picker.node, details);
  const isUpload = () => !picker.node.hidden;
  return {
    node,
    file: () => (isUpload() ? picker.file() : null),
    forget: picker.forget,
    check: () => (isUpload() && !picker.file() ? [{ field: "invoice", reason: t.noFile }] : []),
  };
}

function uploadProgress() {
  const t = strings.createLink;
  const bar = h("progress", { max: "100", value: 0, "aria-label": t.submit });
  const label = h("span.quiet");
  const node = h("div.upload-progress", { hidden: true }, bar, label);
  return {
    node,
    show(share) {
      const percent = Math.round(share * 100);
      node.hidden = false;
      bar.value = percent;
      label.textContent = percent < 100 ? t.uploading(percent) : t.uploaded;
    },
    hide() {
      node.hidden = true;
    },
  };
}
