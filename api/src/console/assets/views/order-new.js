// The dialog for a new order.

import { command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { draft, keepDraft } from "../lib/drafts.js";
import { actions, field, form, input } from "../lib/form.js";
import { say } from "../lib/notify.js";
import { go } from "../lib/router.js";
import { strings } from "../strings.js";
import { offerBuyers } from "./buyer-choice.js";
import { isLandline } from "./order-data.js";
import { nextNumber, numberAfter } from "./order-number.js";
import { orderTerms } from "./order-terms.js";

const DRAFT = "new order";
/** For so many milliseconds the dialog waits for the next order number; later than that nobody wants it. */
const PATIENCE = 400;

let isOpening = false;

/** Opens the dialog. `lately` is the currency of the last order, for whoever has no usual one. */
export async function newOrder(lately) {
  if (isOpening) return;
  isOpening = true;
  const tooLate = new Promise((resolve) => setTimeout(resolve, PATIENCE));
  const number = await Promise.race([nextNumber().catch(() => undefined), tooLate]);
  isOpening = false;
  openDialog({ title: strings.newOrder.title, wide: true, content: (close) => orderForm(close, lately, number) });
}

/** Begins with the merchant's usual currency, unless one is written by then. */
async function beginWithUsual(control, lately) {
  // Without an answer it is left to whoever fills it in.
  const merchant = await get("/merchant").catch(() => undefined);
  const usual = merchant && (merchant.currency ?? lately ?? merchant.region_currency);
  if (usual && !control.value.trim() && control !== document.activeElement) control.value = usual.toUpperCase();
}

function orderForm(close, lately, proposed) {
  const t = strings.newOrder;
  const left = draft(DRAFT);
  const terms = orderTerms();
  const fields = {
    number: input("number", { required: true, maxlength: "64", autofocus: true }),
    name: input("customer.name", { required: true, maxlength: "120" }),
    phone: input("customer.phone", { type: "tel", required: true }),
    language: languageChoice(),
    notes: notesInput(),
    ...terms.fields,
  };
  // What is proposed can be written over; only what somebody has written themselves is kept as a draft.
  let suggested = proposed ?? "";
  const isSuggested = () => fields.number.value.trim() === suggested;
  fields.number.addEventListener("focus", () => isSuggested() && fields.number.select());
  const body = () => ({
    number: fields.number.value.trim(),
    customer: { name: fields.name.value.trim(), phone: fields.phone.value.trim(), language: fields.language.value || undefined },
    ...terms.read(),
    notes: fields.notes.value.trim() || undefined,
  });
  putBack(left, fields, terms.items);
  if (!fields.number.value) fields.number.value = suggested;
  beginWithUsual(fields.currency, lately);
  terms.draw();
  // Esc and a click beside the dialog keep what was typed; whoever cancels wants it gone.
  const cancel = () => {
    keepDraft(DRAFT, undefined);
    close();
  };
  /** Somebody else was faster with this number: the next one is there to be sent. */
  const goOn = async () => {
    const taken = fields.number.value.trim();
    const next = await nextNumber().catch(() => undefined);
    suggested = next && next !== taken ? next : numberAfter(taken);
    fields.number.value = suggested;
    return [{ field: "number", reason: t.numberTaken(taken) }];
  };
  const node = form({
    fields: [
      h("div.columns.two-to-one", field({ label: t.number, control: fields.number }), terms.currency),
      h("div.columns", field({ label: t.customerName, control: fields.name, hint: t.buyersHint }),
        field({ label: t.customerPhone, control: fields.phone, hint: t.phoneHint })),
      offerBuyers(fields),
      field({ label: t.language, control: fields.language, hint: t.languageHint, optional: false }),
      terms.nodes,
      field({ label: t.notes, control: fields.notes, hint: t.notesHint }),
      actions(t.submit, { cancel }),
    ],
    check: terms.check,
    payload: () => JSON.stringify(body()),
    async send({ idempotencyKey }) {
      try {
        return await command("POST", "/orders", body(), { idempotencyKey });
      } catch (problem) {
        if (problem.code === "order_exists" && suggested && isSuggested()) problem.errors = await goOn();
        throw problem;
      }
    },
    done: (order) => {
      keepDraft(DRAFT, undefined);
      close();
      say(t.done(order.number));
      if (isLandline(order)) say(t.landline, "bad");
      go(`/orders/${order.id}`);
    },
  });
  node.addEventListener("input", () => keepDraft(DRAFT, typed(fields, terms, isSuggested())));
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
function typed(fields, terms, isSuggested) {
  const written = Object.entries(fields).map(([name, control]) => [name, control.value]);
  const values = { ...Object.fromEntries(written), ...terms.written() };
  if (isSuggested) values.number = "";
  const isAnything = Object.entries(values).some(([name, value]) => name !== "currency" && value) || terms.items.count() > 0;
  return isAnything ? { values, lines: terms.items.read(), isTyped: fields.amount.dataset.typed !== undefined } : undefined;
}

/** Puts back what was typed and not sent. */
function putBack(left, fields, items) {
  if (!left) return;
  for (const [name, value] of Object.entries(left.values)) fields[name].value = value;
  if (left.isTyped) fields.amount.dataset.typed = "";
  items.put(left.lines);
}
