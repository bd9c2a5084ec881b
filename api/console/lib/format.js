// Values as people read them.

import { strings } from "../strings.js";
import { h } from "./dom.js";

const moment = new Intl.DateTimeFormat(strings.locale, {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
});
const shortMoment = new Intl.DateTimeFormat(strings.locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(strings.locale, { dateStyle: "full", timeStyle: "long" });
const day = new Intl.DateTimeFormat(strings.locale, { day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.NumberFormat(strings.locale);

/** `1,234.50 EUR`, as in the text that the buyer gets. */
export function money(amount, currency) {
  if (amount === undefined || amount === null) return strings.erased;
  const [units, decimals] = String(amount).split(".");
  const grouped = units.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${decimals === undefined ? grouped : `${grouped}.${decimals}`}\u00a0${currency.toUpperCase()}`;
}

/** A whole number. */
export function number(value) {
  return whole.format(value);
}

/** A whole number with its sign. */
export function signed(value) {
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "\u2212"}${whole.format(Math.abs(value))}`;
}

/** A time as an element: date and time of the reader's zone, in full when pointed at. */
export function time(text, { short = false } = {}) {
  const date = new Date(text);
  const sameYear = date.getFullYear() === new Date().getFullYear();
  const shown = short && sameYear ? shortMoment : moment;
  return h("time", { datetime: text, title: exact.format(date) }, shown.format(date));
}

/** A date. */
export function dayText(date) {
  return day.format(date);
}

/** A date as `<input type="date">` has it: `2026-12-31`, in the reader's zone. */
export function isoDay(date) {
  const two = (value) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The size of a file. */
export function fileSize(bytes) {
  if (bytes < 1024 * 1024) return strings.kilobytes(number(Math.max(1, Math.round(bytes / 1024))));
  return strings.megabytes((bytes / 1024 / 1024).toFixed(1));
}

/** `paid_after_void` without its underscores, for a word that this version does not know yet. */
export function humanised(word) {
  const text = word.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A state as a coloured tag. */
export function tag(kind, label, { busy = false } = {}) {
  return h(`span.tag.tag-${kind}`, busy && h("span.spinner", { "aria-hidden": "true" }), label);
}
