// Values as people read them.

import { strings } from "../strings.js";
import { understood } from "./decimal.js";
import { h } from "./dom.js";
import { writeNumbersAs } from "./texts.js";

let locale = strings.locale;
let whole = new Intl.NumberFormat(locale);
const relative = new Intl.RelativeTimeFormat(strings.locale, { numeric: "always" });
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];

let clocks = clocksOf(undefined);
let zoneOfTimes;

/** Writes amounts and dates as people do in this region, in the language of the console. */
export function useRegion(code) {
  const wanted = new Intl.Locale(strings.locale, { region: code });
  const [fits] = Intl.DateTimeFormat.supportedLocalesOf([wanted.toString()]);
  locale = fits ?? strings.locale;
  whole = new Intl.NumberFormat(locale);
  writeNumbersAs(locale);
}

/** Shows all times in this zone: the merchant's, wherever the reader is. */
export function useTimeZone(zone) {
  zoneOfTimes = zone;
  clocks = clocksOf(zone);
}

/** The zone in which times are shown and written. */
export function timeZone() {
  return zoneOfTimes ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The moment that a field for date and time means, which knows no zone: by the merchant's clock, not by the reader's computer. */
export function momentOf(written) {
  const wall = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timeZone(), year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const ahead = (at) => Date.parse(`${wall.format(at).replace(" ", "T")}Z`) - at;
  const asUtc = Date.parse(`${written}Z`);
  // Twice: how far the zone is ahead is known of a moment, and the first is a guess that may lie beyond a change of the clocks.
  const guess = asUtc - ahead(asUtc);
  return new Date(asUtc - ahead(guess)).toISOString();
}

function clocksOf(timeZone) {
  const clock = (options, written = locale) => new Intl.DateTimeFormat(written, { timeZone, ...options });
  return {
    moment: clock({ day: "numeric", month: "short", year: "numeric", hour: "numeric", minute: "2-digit" }),
    shortMoment: clock({ day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }),
    exact: clock({ dateStyle: "full", timeStyle: "long" }),
    day: clock({ day: "numeric", month: "short", year: "numeric" }),
    date: clock({ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }),
    year: clock({ year: "numeric" }),
    // Swedish dates are written as ISO 8601 has them.
    iso: clock({ year: "numeric", month: "2-digit", day: "2-digit" }, "sv-SE"),
  };
}

/** `1,234.50 EUR`, with the signs between the digits that are usual where the merchant is. */
export function money(amount, currency) {
  if (amount === undefined || amount === null) return strings.erased;
  const decimals = String(amount).split(".")[1]?.length ?? 0;
  // A text of digits is formatted as it is, and never becomes a float.
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return isolated(`${format.format(String(amount))}\u00a0${currency.toUpperCase()}`);
}

/** An amount as it is written into a field where the merchant is: `1234,50`. What is no amount stays as it is. */
export function written(text) {
  const amount = understood(text);
  if (amount === null) return text;
  const parts = new Intl.NumberFormat(locale, { numberingSystem: "latn", minimumFractionDigits: 1 }).formatToParts(0);
  return amount.replace(".", parts.find(({ type }) => type === "decimal").value);
}

/** A whole number. */
export function number(value) {
  return whole.format(value);
}

/** A whole number with its sign. */
export function signed(value) {
  if (value === 0) return "0";
  return isolated(`${value > 0 ? "+" : "\u2212"}${whole.format(Math.abs(value))}`);
}

/** A telephone number, which is read from left to right everywhere. */
export function phone(text) {
  return text && h("bdi", { dir: "ltr" }, text);
}

/** Signs and figures stay in their order where the page runs from right to left. */
export function isolated(text) {
  return strings.direction === "rtl" ? `\u2066${text}\u2069` : text;
}

/** A time as an element: date and time in the merchant's zone, in full when pointed at. */
export function time(text, { short = false } = {}) {
  const date = new Date(text);
  const sameYear = clocks.year.format(date) === clocks.year.format(new Date());
  const shown = short && sameYear ? clocks.shortMoment : clocks.moment;
  return h("time", { datetime: text, title: clocks.exact.format(date) }, together(shown.format(date)));
}

/** The half of the day stays with its hour: Arabic's would stand alone on a line. */
function together(moment) {
  return unbroken(moment).replace(/ (?=\p{L}\S*$)/u, "\u00a0");
}

/** How long ago that was, in words: `3 minutes ago`. */
export function ago(text) {
  const date = new Date(text);
  const seconds = Math.max(0, Math.round((Date.now() - date.getTime()) / 1000));
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? UNITS.at(-1);
  return h("time", { datetime: text, title: clocks.exact.format(date) }, unbroken(relative.format(-Math.floor(seconds / size), unit)));
}

/** A whole hour of the day, as people write it there: `9:00 AM`, `09:00`. */
export function hourText(hour) {
  return new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone: "UTC" }).format(new Date(hour * 3_600_000));
}

/** The date of a moment, in the merchant's zone. */
export function dayText(date) {
  return unbroken(clocks.day.format(date));
}

/** A date that is told as one, `2026-12-31`: the same day in every zone. */
export function dateText(date) {
  return unbroken(clocks.date.format(new Date(`${date}T00:00:00Z`)));
}

/** A number stays with the word that it is of: `2. Dez.`, `2 déc.`. */
function unbroken(date) {
  return date.replace(/(\d\.?) (?=\p{L})/u, "$1\u00a0");
}

/** A date as `<input type="date">` has it: `2026-12-31`, in the merchant's zone. */
export function isoDay(date) {
  return clocks.iso.format(date);
}

/** The name of a file that is saved today, such as `payment-links-2026-12-31.csv`. */
export function ofToday(file) {
  const dot = file.lastIndexOf(".");
  return `${file.slice(0, dot)}-${isoDay(new Date())}${file.slice(dot)}`;
}

/** The size of a file. */
export function fileSize(bytes) {
  if (bytes < 1024 * 1024) return strings.kilobytes(number(Math.max(1, Math.round(bytes / 1024))));
  const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return strings.megabytes(tenths.format(bytes / 1024 / 1024));
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
