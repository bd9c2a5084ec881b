// The dialog for a new order.

import { command, get } from "../lib/api.js";
import { currencyOf } from "../lib/currencies.js";
import { hundredths, text, times, understood } from "../lib/decimal.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { draft, keepDraft } from "../lib/drafts.js";
import { actions, amountInput, currencies, field, form, input } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { say } from "../lib/notify.js";
import { go } from "../lib/router.js";
import { strings } from "../strings.js";

const DRAFT = "new order";

/** Opens the dialog. `lately` is the currency of the last order, for whoever has no usual one. */
export function newOrder(lately) {
  openDialog({ title: strings.newOrder.title, wide: true, content: (close) => orderForm(close, lately) });
}

/** Begins with the merchant's usual currency, unless one is written by then. */
async function beginWithUsual(control, lately) {
  // Without an answer it is left to whoever fills it in.
  const merchant = await get("/merchant").catch(() => undefined);
  const usual = merchant && (merchant.currency ?? lately ?? currencyOf(merchant.region));
  if (usual && !control.value.trim() && control !== document.activeElement) control.value = usual.toUpperCase();
}

function orderForm(close, lately) {
  const t = strings.newOrder;
  const left = draft(DRAFT);
  const items = itemLines(() => sum.draw());
  const fields = {
    number: input("number", { required: true, maxlength: "64", autofocus: true }),
    currency: input("currency", { required: true, maxlength: "3", list: "currencies", spellcheck: "false" }),
    name: input("customer.name", { required: true, maxlength: "120" }),
    phone: input("customer.phone", { type: "tel", required: true }),
    language: languageChoice(),
    notes: notesInput(),
    shipping: amountInput("shipping"),
    discount: amountInput("discount"),
    tax: amountInput("tax"),
    amount: amountInput("amount", { required: true }),
  };
  const sum = sumOfLines(items, fields);
  fields.amount.addEventListener("input", () => {
    if (fields.amount.value.trim()) fields.amount.dataset.typed = "";
    else delete fields.amount.dataset.typed;
  });
  for (const control of [fields.shipping, fields.discount, fields.tax, fields.amount]) control.addEventListener("input", sum.draw);
  const body = () => inputOf(fields, items.read());
  putBack(left, fields, items);
  beginWithUsual(fields.currency, lately);
  sum.draw();
  const node = form({
    fields: [
      currencies("currencies"),
      h("div.columns.two-to-one", field({ label: t.number, control: fields.number }), field({ label: t.currency, control: fields.currency })),
      h("div.columns", field({ label: t.customerName, control: fields.name }),
        field({ label: t.customerPhone, control: fields.phone, hint: t.phoneHint })),
      field({ label: t.language, control: fields.language, hint: t.languageHint }),
      items.node,
      h("div.columns.three", field({ label: t.shipping, control: fields.shipping }), field({ label: t.discount, control: fields.discount }),
        field({ label: t.tax, control: fields.tax })),
      field({ label: t.amount, control: fields.amount, hint: t.amountHint }),
      sum.node,
      field({ label: t.notes, control: fields.notes, hint: t.notesHint }),
      actions(t.submit, { cancel: close }),
    ],
    check: () => items.check(),
    payload: () => JSON.stringify(body()),
    send: ({ idempotencyKey }) => command("POST", "/orders", body(), { idempotencyKey }),
    done: (order) => {
      keepDraft(DRAFT, undefined);
      close();
      say(t.done(order.number));
      go(`/orders/${order.id}`);
    },
  });
  node.addEventListener("input", () => keepDraft(DRAFT, typed(fields, items)));
  return node;
}

/** The merchant's own language, and those in which there are texts; also another one that was chosen by a program. */
export function languageChoice(chosen = "") {
  const known = [["", strings.newOrder.usualLanguage], ...Object.entries(strings.template.languages)];
  const is = chosen.toLowerCase();
  const all = known.some(([value]) => value === is) ? known : [...known, [chosen, chosen]];
  return h("select", { name: "customer.language" },
    all.map(([value, label]) => h("option", { value: value === is ? chosen : value, selected: value === is || value === chosen }, label)));
}

/** What the merchant's people keep with an order. */
export function notesInput(notes = "") {
  return h("textarea", { name: "notes", rows: "2", maxlength: "2000", value: notes });
}

/** What is typed so far; nothing if it is no more than what was there to begin with. */
function typed(fields, items) {
  const values = Object.fromEntries(Object.entries(fields).map(([name, control]) => [name, control.value]));
  const isAnything = Object.entries(values).some(([name, value]) => name !== "currency" && value) || items.count() > 0;
  return isAnything ? { values, lines: items.read(), isTyped: fields.amount.dataset.typed !== undefined } : undefined;
}

/** Puts back what was typed and not sent. */
function putBack(left, fields, items) {
  if (!left) return;
  for (const [name, value] of Object.entries(left.values)) fields[name].value = value;
  if (left.isTyped) fields.amount.dataset.typed = "";
  items.put(left.lines);
}

function inputOf(fields, items) {
  const filled = (control) => understood(control.value) ?? (control.value.trim() || undefined);
  return {
    number: fields.number.value.trim(),
    customer: { name: fields.name.value.trim(), phone: fields.phone.value.trim(), language: fields.language.value || undefined },
    amount: filled(fields.amount),
    currency: fields.currency.value.trim().toLowerCase(),
    items,
    shipping: filled(fields.shipping),
    discount: filled(fields.discount),
    tax: filled(fields.tax),
    notes: fields.notes.value.trim() || undefined,
  };
}

/** The lines of the order: as many as are added. Their names follow their place, as the API's errors name them. */
function itemLines(changed) {
  const t = strings.newOrder;
  const lines = h("div.item-lines");
  const rename = () => {
    [...lines.children].forEach((line, index) => {
      for (const control of line.querySelectorAll("[data-part]")) control.name = `items[${index}].${control.dataset.part}`;
    });
    changed();
  };
  const add = () => {
    const line = itemLine(() => {
      line.remove();
      rename();
    }, changed);
    lines.append(line);
    rename();
    line.querySelector("input").focus();
  };
  const read = () => [...lines.children].map((line) => {
    const [description, quantity, unit] = [...line.querySelectorAll("[data-part]")].map((control) => control.value.trim());
    return { description, quantity: Number.parseInt(quantity, 10), unit_amount: understood(unit) ?? unit };
  });
  const put = (left) => {
    for (const line of left) {
      add();
      const controls = [...lines.lastElementChild.querySelectorAll("[data-part]")];
      [line.description, Number.isNaN(line.quantity) ? "" : String(line.quantity), line.unit_amount].forEach((value, index) => (controls[index].value = value));
    }
  };
  const check = () => [...lines.querySelectorAll('[data-part="quantity"]')]
    .filter((control) => control.value.trim() !== "" && !/^[1-9]\d{0,8}$/.test(control.value.trim()))
    .map((control) => ({ field: control.name, reason: t.quantityWrong }));
  const node = h("fieldset.items", h("legend", t.items), lines,
    h("button", { type: "button", onclick: add }, icon("plus"), t.addItem));
  return { node, read, check, put, count: () => lines.children.length };
}

function itemLine(remove, changed) {
  const t = strings.newOrder;
  const part = (control, name) => {
    control.dataset.part = name;
    control.addEventListener("input", () => changed());
    return control;
  };
  return h("div.item-line",
    field({ label: t.description, control: part(input("", { required: true, maxlength: "500" }), "description") }),
    field({ label: t.quantity, control: part(input("", { required: true, inputmode: "numeric", value: "1" }), "quantity") }),
    field({ label: t.unitAmount, control: part(amountInput("", { required: true }), "unit_amount") }),
    h("button.plain", { type: "button", "aria-label": t.removeItem, title: t.removeItem, onclick: remove }, icon("trash")));
}

/** What the lines, the shipping, the discount and the tax come to, offered as the total when that is another. */
function sumOfLines(items, fields) {
  const t = strings.newOrder;
  const node = h("p.sum", { "aria-live": "polite" });
  const draw = () => {
    const lines = items.read();
    const amounts = lines.map((line) => times(line.unit_amount, line.quantity));
    const extra = [fields.shipping, fields.discount, fields.tax].map((control) => hundredths(control.value.trim() || "0"));
    if (lines.length === 0 || [...amounts, ...extra].includes(null)) return swap(node);
    const sum = amounts.reduce((total, amount) => total + amount, 0n) + extra[0] - extra[1] + extra[2];
    if (sum <= 0n) return swap(node);
    const shown = text(sum, lines.map((line) => line.unit_amount).join());
    // Nobody adds up what is added up already; a total that somebody has typed stays theirs.
    if (fields.amount.dataset.typed === undefined) {
      fields.amount.value = shown;
      return swap(node);
    }
    if (sum === hundredths(fields.amount.value)) return swap(node);
    const use = () => {
      fields.amount.value = shown;
      draw();
      fields.amount.focus();
    };
    swap(node, t.sum(shown), " ", h("button.as-link", { type: "button", onclick: use }, t.useSum));
  };
  return { node, draw };
}
