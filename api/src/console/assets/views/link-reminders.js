// When the buyer of a link is reminded: as the merchant's settings say, or as is said for this link.

import { command, get } from "../lib/api.js";
import { openDialog } from "../lib/dialog.js";
import { h, swap } from "../lib/dom.js";
import { actions, field, form, problemBox } from "../lib/form.js";
import { dateText, hourText } from "../lib/format.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";
import { isTold, remindMany, whyNot } from "./links-many.js";

/** While somebody may be reminded, now or soon: nobody is while their payment is under way. */
const OPEN = ["creating", "unpaid"];
const CHOICES = ["merchants", "none", "own"];
const TIMES = [["reminder_after_days", 1, 60], ["reminders_at_most", 1, 10], ["last_reminder_days", 0, 30]];

/** What is said on the card of a link's reminders, with what changes it; nothing while nobody is reminded. */
export function reminders(link, { changed, refresh, order }) {
  if (!OPEN.includes(link.status)) return null;
  const t = strings.linkReminders;
  const unwanted = whyNot({ ...link, opted_out: order.opted_out });
  const canBeNow = link.status === "unpaid" && isTold(link) && !unwanted && may("send");
  return [
    unwanted === "payment_expected" ? t.notBefore(dateText(link.expected.on)) : t.unwanted[unwanted] ?? said(link),
    may("write") && [" ", h("button.as-link", { type: "button", key: "link-reminders", onclick: () => change(link, changed) }, t.change)],
    canBeNow && [" ", h("button.as-link", { type: "button", key: "remind-now", onclick: () => remindMany([{ ...link, customer_name: order.customer.name, customer_language: order.customer.language }], 1, refresh) }, t.now)],
  ];
}

function said(link) {
  const t = strings.linkReminders;
  const parts = timesOf(link);
  if (link.reminders === false) return t.choices.none;
  if (link.reminders === undefined && parts.length === 0) return t.choices.merchants;
  return parts.length > 0 ? parts.join(strings.comma) : t.choices.own;
}

/** When and how often, as far as it is said there. */
function timesOf(settings) {
  return TIMES.filter(([name]) => settings[name] !== undefined).map(([name]) => strings.linkReminders.said[name](settings[name]));
}

function change(link, changed) {
  const body = h("div", h("p.loading", strings.loading));
  const { close } = openDialog({ title: strings.linkReminders.title, content: () => body });
  const load = async () => {
    try {
      swap(body, editor(link, await get("/merchant"), { close, changed }));
    } catch (problem) {
      swap(body, problemBox(problem, load));
    }
  };
  load();
}

function chosen(link) {
  if (link.reminders === false) return "none";
  return link.reminders || TIMES.some(([name]) => link[name] !== undefined) ? "own" : "merchants";
}

function editor(link, merchant, { close, changed }) {
  const t = strings.linkReminders;
  const words = strings.reminders;
  const choice = h("select", { name: "reminders", required: true },
    CHOICES.map((one) => h("option", { value: one, selected: one === chosen(link) }, t.choices[one])));
  const [afterDays, atMost, lastDays] = TIMES.map(([name, min, max]) =>
    h("input", { type: "number", name, required: true, min: String(min), max: String(max), step: "1", value: link[name] ?? merchant[name] }));
  const terms = h("fieldset.columns", { "aria-label": t.choices.own },
    field({ label: words.afterDays, control: afterDays, suffix: words.days }),
    field({ label: words.atMost, control: atMost, suffix: words.times }),
    field({ label: words.lastDays, control: lastDays, hint: words.lastDaysHint, suffix: words.daysBefore }));
  const usual = h("p.hint", { role: "status" });
  const draw = () => {
    terms.hidden = terms.disabled = choice.value !== "own";
    usual.textContent = choice.value === "merchants" ? (merchant.reminders ? t.areOn(timesOf(merchant).join(strings.comma)) : t.areOff) : "";
  };
  choice.addEventListener("change", draw);
  draw();
  const numbers = [afterDays, atMost, lastDays];
  const body = () => {
    const isOwn = choice.value === "own";
    const reminders = { merchants: null, none: false, own: true }[choice.value];
    return { reminders, ...Object.fromEntries(numbers.map((it) => [it.name, isOwn ? Number(it.value) : null])) };
  };
  return form({
    fields: [
      field({ label: t.label, control: choice }), usual, terms,
      h("p.hint", hoursOf(merchant, words.hours)),
      actions(t.submit, { cancel: close }),
    ],
    check: () => (choice.value === "own" ? numbers : []).filter((it) => !it.checkValidity())
      .map((it) => ({ field: it.name, reason: words.range(it.min, it.max) })),
    payload: () => JSON.stringify(body()),
    send: () => command("PATCH", `/payment-links/${link.id}`, body()),
    done(result) {
      close();
      changed(result);
    },
  });
}

/** What is said of the hours of automatic texts, and of Sundays if they have none. */
export function hoursOf({ texts_from: from, texts_until: until, texts_on_sundays: sundays }, said) {
  const hours = said(hourText(from), hourText(until));
  return sundays ? hours : [hours, " ", strings.reminders.noSundays];
}
