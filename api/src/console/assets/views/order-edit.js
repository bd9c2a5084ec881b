// The dialog that corrects an order: who the buyer is, how they are written to, what the merchant keeps with it, and, while no link asks for
// it, what it comes to.

import { command } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { written } from "../lib/format.js";
import { actions, field, form, input } from "../lib/form.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { languageChoice, notesInput } from "./order-new.js";
import { orderTerms } from "./order-terms.js";

const CLOSED = ["failed", "paid", "voided", "expired"];
const AMOUNTS = ["shipping", "discount", "tax"];
const DATES = ["invoice_date", "due_date"];

/** Opens the dialog; `changed` is called once it is written. */
export function editOrder(order, changed) {
  const t = strings.editOrder;
  const { name, phone, language } = order.customer;
  const fields = {
    name: input("customer.name", { required: true, maxlength: "120", value: name, autofocus: true }),
    phone: input("customer.phone", { type: "tel", required: true, value: phone }),
    language: languageChoice(language),
    notes: notesInput(order.notes),
  };
  // What a buyer is asked for now is not changed below it.
  const terms = order.links.every((link) => CLOSED.includes(link.status)) ? termsOf(order) : null;
  // What was not touched is not sent: a colleague may have corrected it meanwhile.
  const body = () => {
    const customer = {
      name: changedFrom(name, fields.name.value.trim()),
      phone: changedFrom(phone, fields.phone.value.trim()),
      language: changedFrom(language ?? null, fields.language.value || null),
    };
    return { customer, notes: changedFrom(order.notes ?? null, fields.notes.value.trim() || null), ...terms?.changes() };
  };
  openDialog({
    title: t.title(order.number),
    wide: Boolean(terms),
    content: (close) => form({
      fields: [
        field({ label: strings.newOrder.customerName, control: fields.name }),
        field({ label: strings.newOrder.customerPhone, control: fields.phone, hint: t.phoneHint }),
        field({ label: strings.newOrder.language, control: fields.language, hint: strings.newOrder.languageHint, optional: false }),
        terms ? terms.nodes : h("p.hint", t.amountsHint),
        field({ label: strings.newOrder.notes, control: fields.notes, hint: strings.newOrder.notesHint }),
        actions(t.submit, { cancel: close }),
      ],
      check: () => terms?.check() ?? [],
      payload: () => JSON.stringify(body()),
      send: () => command("PATCH", `/orders/${order.id}`, body()),
      done() {
        close();
        say(t.done);
        changed();
      },
    }),
  });
}

/** Its number and what it comes to, as it is now. */
function termsOf(order) {
  const terms = orderTerms();
  const number = input("number", { required: true, maxlength: "64", value: order.number });
  const { fields } = terms;
  fields.currency.value = order.currency.toUpperCase();
  for (const part of AMOUNTS) fields[part].value = written(order[part] ?? "");
  for (const part of DATES) fields[part].value = order[part] ?? "";
  fields.amount.value = written(order.amount);
  fields.amount.dataset.typed = "";
  terms.items.put(order.items);
  // A total that the parts do not make stays somebody's own.
  if (terms.addsUp()) delete fields.amount.dataset.typed;
  terms.draw();
  const before = JSON.stringify(terms.read());
  const changes = () => {
    const now = terms.read();
    const gone = Object.fromEntries([...AMOUNTS, ...DATES].map((part) => [part, now[part] ?? null]));
    return { number: changedFrom(order.number, number.value.trim()), ...(JSON.stringify(now) === before ? {} : { ...now, ...gone }) };
  };
  const nodes = [
    h("div.columns.two-to-one", field({ label: strings.newOrder.number, control: number }), terms.currency), terms.nodes,
  ];
  return { nodes, changes, check: terms.check };
}

function changedFrom(before, now) {
  return now === before ? undefined : now;
}
