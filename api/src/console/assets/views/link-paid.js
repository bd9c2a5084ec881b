// A link whose money came without Stripe: saying so, and taking it back.

import { command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { actions, field, form, input } from "../lib/form.js";
import { money } from "../lib/format.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { confirm } from "./confirm.js";

const METHODS = ["cash", "bank_transfer", "check", "terminal", "other"];

const LONGEST_NOTE = 500;
const A_DAY = 24 * 60 * 60 * 1000;

/** The way that was chosen last, with which the next question begins; the first begins with none. */
let lastMethod = null;

/** Asks how the money of a link came, and says so; `changed` gets the link as it is then. */
export function markPaid(link, changed) {
  const { text, partly } = strings.markPaid;
  askHow(text(link.invoice_number, money(link.amount, link.currency)), `/payment-links/${link.id}/mark-paid`, changed, { more: h("p.hint", partly), wanted: link.receipt });
}

/** The same of an order that no open link asks for; `made` gets the link that stands for the payment. */
export function markOrderPaid(order, made) {
  askHow(strings.markPaid.orderText(order.number, money(order.amount, order.currency)), `/orders/${order.id}/mark-paid`, made);
}

/** Whether the buyer gets a receipt by text, where the settings have buyers get one: `value()` is what differs from `before`, which a link may say. */
export function receiptChoice(label, before) {
  const node = h("div", { "aria-live": "polite" });
  let box;
  const usually = (receipts) => {
    const is = before ?? receipts;
    box = h("input", { type: "checkbox", name: "receipt", checked: is });
    box.defaultChecked = is;
    swap(node, (receipts || before !== undefined) && h("label.check", box, label));
  };
  // Without an answer the settings still say so.
  get("/merchant").then(({ receipts }) => usually(receipts), () => {});
  return { node, value: () => (!box || !box.isConnected || box.checked === box.defaultChecked ? undefined : box.checked) };
}

function askHow(text, path, done, { more, wanted } = {}) {
  const t = strings.markPaid;
  const method = h("select", { name: "method", required: true },
    lastMethod === null && h("option", { value: "" }, t.choose),
    METHODS.map((name) => h("option", { value: name, selected: name === lastMethod }, strings.paidBy[name])));
  const receipt = receiptChoice(t.receipt, wanted);
  const on = input("on", { type: "date" });
  const note = input("note", { maxlength: String(LONGEST_NOTE) });
  const body = () => ({ method: method.value, on: on.value || undefined, note: note.value.trim() || undefined, receipt: receipt.value() });
  openDialog({
    title: t.title,
    content: (close) => form({
      fields: [
        h("p", text, " ", may("admin") ? t.takeBack : t.othersTakeBack),
        more,
        field({ label: t.method, control: method }),
        field({ label: t.on, control: on, hint: t.onHint }),
        field({ label: t.note, control: note, hint: t.noteHint }),
        receipt.node,
        actions(t.submit, { cancel: close }),
      ],
      payload: () => JSON.stringify(body()),
      send: ({ idempotencyKey }) => command("POST", path, body(), { idempotencyKey }),
      done(result) {
        lastMethod = method.value;
        close();
        done(result);
      },
    }),
  });
}

/** Whether it can still be taken back that the link was paid elsewhere. */
export function mayUnmark(link) {
  const elsewhere = link.status === "paid" && link.paid_by && link.paid_by.method !== "stripe";
  return elsewhere && Date.now() - Date.parse(link.paid_at) < A_DAY;
}

/** Asks, and takes it back. */
export function unmarkPaid(link, changed) {
  const t = strings.unmarkPaid;
  confirm({
    title: t.title,
    text: t.text(link.invoice_number ?? strings.link.erasedNumber),
    act: t.submit,
    keep: t.keep,
    send: ({ idempotencyKey }) => command("POST", `/payment-links/${link.id}/unmark-paid`, {}, { idempotencyKey }),
    done: changed,
  });
}
