// What an order comes to: its currency, its lines, shipping, discount and tax, and the total that they make.

import { hundredths, shareOf, text, times, understood } from "../lib/decimal.js";
import { h, swap } from "../lib/dom.js";
import { written } from "../lib/format.js";
import { amountInput, currencies, field, input, mark } from "../lib/form.js";
import { icon } from "../lib/icons.js";
import { strings } from "../strings.js";

/** A part of what the lines come to, as people write it: `10%` or `8,25 %`. */
const PERCENT = /^\s*(\d{1,3}(?:[.,]\d{1,3})?)\s*%\s*$/;

/** The fields, for an order that is made or corrected. */
export function orderTerms() {
  const t = strings.newOrder;
  const items = itemLines(() => sum.draw());
  const [discount, tax] = [shareInput("discount"), shareInput("tax")];
  const fields = {
    currency: input("currency", { required: true, maxlength: "3", list: "currencies", spellcheck: "false" }),
    shipping: amountInput("shipping"),
    discount: discount.control,
    tax: tax.control,
    amount: amountInput("amount", { required: true }),
    invoice_date: input("invoice_date", { type: "date" }),
    due_date: input("due_date", { type: "date" }),
  };
  const sum = sumOfLines(items, fields, [discount, tax]);
  fields.amount.addEventListener("input", () => {
    if (fields.amount.value.trim()) fields.amount.dataset.typed = "";
    else delete fields.amount.dataset.typed;
  });
  for (const control of Object.values(fields)) control.addEventListener("input", sum.draw);
  for (const share of [discount, tax]) share.control.addEventListener("change", () => share.understand(sum.draw));
  return {
    items,
    fields,
    /** What somebody wrote where an amount may be a part. */
    written: () => ({ discount: discount.written(), tax: tax.written() }),
    draw: sum.draw,
    /** Whether the parts make the total that is there. */
    addsUp: () => sum.made()?.sum === hundredths(fields.amount.value),
    /** The currency stands beside something else. */
    currency: [currencies("currencies"), field({ label: t.currency, control: fields.currency })],
    nodes: [
      items.node,
      h("div.columns.three", field({ label: t.shipping, control: fields.shipping }),
        field({ label: t.discount, control: fields.discount, hint: discount.hint }), field({ label: t.tax, control: fields.tax, hint: tax.hint })),
      field({ label: t.amount, control: fields.amount, hint: t.amountHint }),
      sum.node,
      h("div.columns", field({ label: t.invoiceDate, control: fields.invoice_date, hint: t.invoiceDateHint }),
        field({ label: t.dueDate, control: fields.due_date, hint: t.dueDateHint })),
    ],
    check: () => [...items.check(), ...discount.check(), ...tax.check()],
    read: () => ({
      amount: filled(fields.amount),
      currency: fields.currency.value.trim().toLowerCase(),
      items: items.read(),
      shipping: filled(fields.shipping),
      discount: filled(fields.discount),
      tax: filled(fields.tax),
      invoice_date: fields.invoice_date.value || undefined,
      due_date: fields.due_date.value || undefined,
    }),
  };
}

function filled(control) {
  return understood(control.value) ?? (control.value.trim() || undefined);
}

/** An amount that may be written as a part of what the lines come to. It is shown as what it makes, and follows the lines until another is written. */
function shareInput(name) {
  const t = strings.newOrder;
  const control = amountInput(name, { inputmode: "text" });
  const hint = h("span", t.percentHint);
  let percent = null;
  control.addEventListener("input", () => {
    percent = null;
    hint.textContent = t.percentHint;
  });
  /** Whether what is written is a part. */
  const take = () => {
    const share = PERCENT.exec(control.value)?.[1];
    if (share) percent = share;
    return Boolean(share);
  };
  return {
    control,
    hint,
    understand(changed) {
      if (!take()) return;
      mark(control, null);
      changed();
    },
    /** What somebody wrote, and not what it makes at the moment. */
    written: () => (percent === null ? control.value : `${percent}%`),
    /** Writes what it makes of this sum, in hundredths, or what was written as long as there is none. */
    draw(base, currency, like) {
      // A draft that was put back is a part, too; somebody who is writing is not interrupted.
      if (percent === null && (control === document.activeElement || !take())) return;
      const isKnown = base !== null && base > 0n;
      control.value = isKnown ? written(text(shareOf(base, percent.replace(",", "."), decimalsOf(currency)), like)) : `${percent}%`;
      hint.textContent = isKnown ? t.percentOf(`${percent}%`, written(text(base, like))) : t.percentHint;
    },
    check: () => (PERCENT.test(control.value) ? [{ field: name, reason: t.percentNeedsItems }] : []),
  };
}

/** How many decimals a currency has; two if it is none, which is told elsewhere. */
function decimalsOf(currency) {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  } catch {
    return 2;
  }
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
      [line.description, Number.isNaN(line.quantity) ? "" : String(line.quantity), written(line.unit_amount)].forEach((value, index) => (controls[index].value = value));
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
function sumOfLines(items, fields, shares) {
  const t = strings.newOrder;
  const node = h("p.sum", { "aria-live": "polite" });
  /** What they come to, in hundredths, and an amount to write it like; nothing as long as a part is missing. */
  const made = () => {
    const lines = items.read();
    const like = lines.map((line) => line.unit_amount).join();
    const amounts = lines.map((line) => times(line.unit_amount, line.quantity));
    const ofLines = lines.length === 0 || amounts.includes(null) ? null : amounts.reduce((total, amount) => total + amount, 0n);
    const currency = fields.currency.value.trim();
    shares[0].draw(ofLines, currency, like);
    // Tax is on what the buyer pays.
    const discount = hundredths(fields.discount.value.trim() || "0");
    shares[1].draw(ofLines === null || discount === null ? null : ofLines - discount, currency, like);
    const extra = [fields.shipping, fields.discount, fields.tax].map((control) => hundredths(control.value.trim() || "0"));
    if (ofLines === null || extra.includes(null)) return null;
    const sum = ofLines + extra[0] - extra[1] + extra[2];
    return sum > 0n ? { sum, shown: written(text(sum, like)) } : null;
  };
  const draw = () => {
    const is = made();
    if (!is) return swap(node);
    const { sum, shown } = is;
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
  return { node, draw, made };
}
