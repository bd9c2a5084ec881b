// What Paylink does by itself: reminding buyers of unpaid links, and warning of low credit.

import { command, get } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { actions, field, form } from "../lib/form.js";
import { hourText } from "../lib/format.js";
import { say } from "../lib/notify.js";
import { strings } from "../strings.js";
import { hoursOf } from "./link-reminders.js";
import { editable } from "./setting.js";

const PATH = "/merchant";

/** Draws the editor. */
export function showReminders(root) {
  const { title, lead } = strings.reminders;
  return editable(root, { title, lead, load: (signal) => get(PATH, { signal }), content: editor });
}

function editor(merchant) {
  const t = strings.reminders;
  const fields = {
    on: h("input", { type: "checkbox", name: "reminders", checked: merchant.reminders, onchange: () => draw() }),
    afterDays: whole("reminder_after_days", merchant.reminder_after_days, 1, 60),
    atMost: whole("reminders_at_most", merchant.reminders_at_most, 1, 10),
    lastDays: whole("last_reminder_days", merchant.last_reminder_days, 0, 30),
    receipts: h("input", { type: "checkbox", name: "receipts", checked: merchant.receipts }),
    from: hourChoice("texts_from", 8, 20, merchant.texts_from),
    until: hourChoice("texts_until", 9, 21, merchant.texts_until),
    sundays: h("input", { type: "checkbox", name: "texts_on_sundays", checked: merchant.texts_on_sundays }),
    threshold: whole("low_credit_threshold", merchant.low_credit_threshold, 0, 1_000_000),
  };
  const terms = h("div.columns",
    field({ label: t.afterDays, control: fields.afterDays, suffix: t.days }),
    field({ label: t.atMost, control: fields.atMost, suffix: t.times }),
    field({ label: t.lastDays, control: fields.lastDays, hint: t.lastDaysHint, suffix: t.daysBefore }));
  const draw = () => (terms.hidden = !fields.on.checked);
  draw();
  const body = () => ({
    reminders: fields.on.checked,
    reminder_after_days: Number(fields.afterDays.value),
    reminders_at_most: Number(fields.atMost.value),
    last_reminder_days: Number(fields.lastDays.value),
    receipts: fields.receipts.checked,
    texts_from: Number(fields.from.value),
    texts_until: Number(fields.until.value),
    texts_on_sundays: fields.sundays.checked,
    low_credit_threshold: Number(fields.threshold.value),
  });
  return form({
    fields: [
      h("label.check", fields.on, t.on),
      h("p.hint", hoursOf(merchant, t.hours)),
      terms,
      h("p.hint", t.text, " ", h("a", { href: "#/settings/template" }, strings.settings.sections.template)),
      h("p.hint", t.language),
      h("h3", t.receiptsTitle),
      h("label.check", fields.receipts, t.receipts),
      h("p.hint", hoursOf(merchant, t.receiptsHint)),
      h("h3", t.hoursTitle),
      h("p.hint", t.hoursHint),
      h("div.columns.three", field({ label: t.from, control: fields.from }), field({ label: t.until, control: fields.until })),
      h("label.check", fields.sundays, t.sundays),
      h("h3", t.lowTitle),
      field({ label: t.threshold, control: fields.threshold, hint: t.thresholdHint, suffix: t.credits }),
      actions(t.submit),
    ],
    check: () => Object.values(fields).filter((it) => it.type === "number" && !it.checkValidity())
      .map((it) => ({ field: it.name, reason: t.range(it.min, it.max) })),
    payload: () => JSON.stringify(body()),
    send: () => command("PATCH", PATH, body()),
    done: () => say(strings.settings.saved),
  });
}

function hourChoice(name, first, last, chosen) {
  const hours = Array.from({ length: last - first + 1 }, (_, at) => first + at);
  return h("select", { name, required: true }, hours.map((hour) => h("option", { value: String(hour), selected: hour === chosen }, hourText(hour))));
}

function whole(name, value, min, max) {
  return h("input", { type: "number", name, required: true, min: String(min), max: String(max), step: "1", value });
}
