// Forms: labels, hints and errors that belong to their fields, a button that cannot be pressed twice, and a key for retries.

import { strings } from "../strings.js";
import { Problem } from "./api.js";
import { understood } from "./decimal.js";
import { h, swap, uniqueId } from "./dom.js";
import { written } from "./format.js";
import { icon } from "./icons.js";
import { hashOf } from "./router.js";
import { submissionKeys } from "./idempotency.js";
import { translated } from "./server-words.js";

const CURRENCIES = ["EUR", "USD", "GBP", "CHF", "PLN", "CZK", "DKK", "SEK", "NOK", "CAD", "AUD", "JPY"];

/** A labelled control with room for a hint and for what is wrong with it. The control's `name` is the API's field. A choice that is always made is not `optional`. */
export function field({ label, control, hint, suffix, hiddenLabel = false, optional = !control.required && !control.readOnly && control.type !== "file" }) {
  const id = uniqueId("field");
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  control.id = id;
  control.setAttribute("aria-describedby", [hint && hintId, errorId].filter(Boolean).join(" "));
  return h("div.field",
    h(hiddenLabel ? "label.visually-hidden" : "label", { for: id },
      label, optional && !hiddenLabel && h("span.optional", ` ${strings.form.optional}`)),
    suffix ? h("div.with-suffix", control, h("span.suffix", suffix)) : control,
    hint && h("p.hint", { id: hintId }, hint),
    h("p.field-error", { id: errorId, hidden: true, dir: "auto" }));
}

/** A text input. */
export function input(name, properties = {}) {
  return h("input", { type: "text", name, autocomplete: "off", ...properties });
}

/** The currencies that are mostly used, for an input to propose. */
export function currencies(id) {
  return h("datalist", { id }, CURRENCIES.map((code) => h("option", { value: code })));
}

/** An input for an amount. What is understood of it is shown when it is left; what is not is told before anything is sent. */
export function amountInput(name, properties = {}) {
  const control = input(name, { inputmode: "decimal", spellcheck: "false", ...properties });
  control.dataset.amount = "";
  control.addEventListener("change", () => {
    const amount = understood(control.value);
    control.value = written(control.value);
    mark(control, control.value.trim() && amount === null ? strings.form.noAmount : null);
  });
  return control;
}

function notAmounts(node) {
  return [...node.elements]
    .filter((control) => control.dataset.amount === "" && control.value.trim() !== "" && understood(control.value) === null)
    .map((control) => ({ field: control.name, reason: strings.form.noAmount }));
}

/** The row of buttons at the end of a form. */
export function actions(submitLabel, { cancel, before } = {}) {
  return h("div.actions",
    before,
    cancel && h("button", { type: "button", onclick: cancel }, strings.cancel),
    h("button.primary", { type: "submit", "data-submit": true }, h("span.label", submitLabel)));
}

/**
 * A form that sends. `payload()` tells what would be sent, as something that can be compared; `send({ idempotencyKey })` sends
 * it; `done(result)` comes after it. `check()` answers errors that are known before, and `alias` maps the API's field names to
 * the form's where the two differ.
 */
export function form({ fields, check = () => [], payload, send, done, alias = {} }) {
  const summary = h("div.form-problem", { role: "alert", hidden: true });
  const node = h("form", { novalidate: true }, summary, fields);
  const keys = submissionKeys();
  // What was wrong with a field is no longer known to be once it is changed.
  node.addEventListener("input", ({ target }) => target.id && target.getAttribute("aria-invalid") && mark(target, null));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (node.ariaBusy === "true") return;
    clear(node, summary);
    const errors = [...missing(node), ...notAmounts(node), ...check()];
    if (errors.length > 0) return tell(node, errors);
    busy(node, true);
    try {
      const result = await send({ idempotencyKey: keys.for(payload()) });
      keys.succeeded();
      done(result);
    } catch (problem) {
      refuse(node, summary, problem, alias);
    } finally {
      busy(node, false);
    }
  });
  return node;
}

/** Says what went wrong and what to do: the box that stands where something failed. */
export function problemBox(problem, retry) {
  const box = h("div.notice.notice-bad", { role: "alert" });
  swap(box, h("div", icon("warning")), h("div", explanation(problem),
    retry && h("p", h("button", { type: "button", onclick: retry }, strings.tryAgain))));
  return box;
}

/** The problem's detail, and what can be done about it. */
function explanation(problem) {
  const advice = strings.advice[problem.code];
  return [
    h("p", problem instanceof Problem ? problem.message : strings.problems.broken),
    advice && h("p", advice.text, advice.to && [" ", h("a", { href: hashOf(advice.to) }, advice.link)]),
  ];
}

/** Shows what is wrong with a single field, or nothing. */
export function mark(control, reason) {
  const error = document.getElementById(`${control.id}-error`);
  if (error) {
    error.textContent = reason ?? "";
    error.hidden = !reason;
  }
  if (reason) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

function missing(node) {
  return [...node.elements]
    .filter((control) => control.required && !control.matches(":disabled") && control.value.trim() === "")
    .map((control) => ({ field: control.name, reason: strings.form.required }));
}

function clear(node, summary) {
  summary.hidden = true;
  for (const control of node.elements) if (control.id) mark(control, null);
}

function refuse(node, summary, problem, alias) {
  if (problem.name === "AbortError") return;
  if (problem.status === undefined) console.error(problem);
  const errors = problem.errors.map(({ field: name, reason }) => ({ field: alias[name] ?? name, reason: sentence(reason) }));
  const elsewhere = tell(node, errors);
  if (errors.length > 0 && elsewhere.length === 0) return;
  const told = elsewhere.length > 0 ? elsewhere.map((error) => h("p", h("strong", error.field), " ", error.reason)) : explanation(problem);
  swap(summary, icon("warning"), h("div", told));
  summary.hidden = false;
  summary.scrollIntoView({ block: "nearest" });
}

/** Shows each error beside its field and answers those that have none here. */
function tell(node, errors) {
  const controls = new Map([...node.elements].map((control) => [control.name, control]));
  const elsewhere = errors.filter((error) => !controls.has(error.field));
  const shown = errors.filter((error) => controls.has(error.field));
  for (const error of shown) mark(controls.get(error.field), error.reason);
  if (shown.length > 0) controls.get(shown[0].field).focus();
  return elsewhere;
}

/** The API's reason, which follows a field's name, as a sentence of its own. */
export function sentence(reason) {
  const said = translated(reason);
  return said.charAt(0).toUpperCase() + said.slice(1);
}

function busy(node, is) {
  node.ariaBusy = String(is);
  const submit = node.querySelector("[data-submit]");
  submit?.classList.toggle("busy", is);
  submit?.setAttribute("aria-disabled", String(is));
}
