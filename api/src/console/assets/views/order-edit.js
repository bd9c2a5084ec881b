// The dialog that corrects an order: who the buyer is, how they are written to, and what the merchant keeps with it.

import { command } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { actions, field, form, input } from "../lib/form.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { languageChoice, notesInput } from "./order-new.js";

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
  // What was not touched is not sent: a colleague may have corrected it meanwhile.
  const body = () => {
    const customer = {
      name: changedFrom(name, fields.name.value.trim()),
      phone: changedFrom(phone, fields.phone.value.trim()),
      language: changedFrom(language ?? null, fields.language.value || null),
    };
    return { customer, notes: changedFrom(order.notes ?? null, fields.notes.value.trim() || null) };
  };
  openDialog({
    title: t.title(order.number),
    content: (close) => form({
      fields: [
        field({ label: strings.newOrder.customerName, control: fields.name }),
        field({ label: strings.newOrder.customerPhone, control: fields.phone, hint: t.phoneHint }),
        field({ label: strings.newOrder.language, control: fields.language, hint: strings.newOrder.languageHint }),
        field({ label: strings.newOrder.notes, control: fields.notes, hint: strings.newOrder.notesHint }),
        h("p.hint", t.amountsHint),
        actions(t.submit, { cancel: close }),
      ],
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

function changedFrom(before, now) {
  return now === before ? undefined : now;
}
