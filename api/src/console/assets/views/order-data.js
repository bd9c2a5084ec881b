// What was ordered, by whom, for how much.

import { text, times } from "../lib/decimal.js";
import { h } from "../lib/dom.js";
import { dateText, isolated, money, number, phone, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { person } from "../lib/people.js";
import { strings } from "../strings.js";

/** The order's data. */
export function orderData(order, edit) {
  const t = strings.order;
  const conversation = order.conversation_id;
  return h("aside.order-data",
    h("section.card",
      h("h2", t.buyer),
      h("dl.facts",
        h("div", h("dt", t.buyerName), h("dd", order.customer.name || strings.erased)),
        h("div", h("dt", t.phone), h("dd", phone(order.customer.phone) ?? t.phoneErased),
          isLandline(order) && h("dd.hint", strings.newOrder.landline)),
        order.customer.language && h("div", h("dt", strings.newOrder.language),
          h("dd", strings.template.languages[order.customer.language.toLowerCase()] ?? order.customer.language)),
        order.invoice_date && h("div", h("dt", strings.newOrder.invoiceDate), h("dd", dateText(order.invoice_date))),
        order.due_date && h("div", h("dt", strings.newOrder.dueDate), h("dd", dateText(order.due_date))),
        h("div", h("dt", t.created), h("dd", time(order.created_at), madeBy(order)))),
      edit && h("button.wide", { type: "button", key: "edit-order", onclick: edit }, t.edit),
      conversation && h("a.button.wide", { href: `#/conversations/${conversation}`, key: "conversation" },
        icon("conversations"), t.conversation)),
    h("section.card", h("h2", t.items), items(order), totals(order)),
    kept(order));
}

/** Whether its buyer may get no texts. */
export function isLandline(order) {
  return Boolean(order.warnings?.includes("phone_landline"));
}

/** What the merchant keeps with it: the buyer sees none of it. */
function kept(order) {
  const own = Object.entries(order.metadata ?? {});
  if (!order.notes && own.length === 0) return null;
  return h("section.card", h("h2", strings.newOrder.notes),
    order.notes && h("p.order-notes", { dir: "auto" }, order.notes),
    own.length > 0 && h("dl.facts", own.map(([name, value]) => h("div", h("dt", name), h("dd", { dir: "auto" }, value)))));
}

function madeBy(order) {
  const made = order.history?.find((entry) => entry.event === "order.create");
  return made && [" ", person(made.actor)];
}

function items(order) {
  const t = strings.order;
  if (order.items.length === 0) return h("p.quiet", t.noItems);
  return h("ul.items-list", order.items.map((item) => h("li",
    h("span.item-name", item.description),
    h("span.item-amount", lineTotal(item, order.currency)),
    h("span.item-parts", `${number(item.quantity)} × ${money(item.unit_amount, order.currency)}`))));
}

function lineTotal(item, currency) {
  const total = times(item.unit_amount, item.quantity);
  return total === null ? "" : money(text(total, item.unit_amount), currency);
}

function totals(order) {
  const t = strings.order;
  return h("dl.totals",
    order.shipping && h("div", h("dt", t.shipping), h("dd", money(order.shipping, order.currency))),
    order.discount && h("div", h("dt", t.discount), h("dd", isolated(`\u2212${money(order.discount, order.currency)}`))),
    order.tax && h("div", h("dt", t.tax), h("dd", money(order.tax, order.currency))),
    h("div.total", h("dt", t.total), h("dd", money(order.amount, order.currency))));
}
