// How buyers may pay: cards, what Stripe's dashboard has switched on, or a list of Stripe's own names.

import { strings } from "../strings.js";
import { h } from "./dom.js";
import { field, input } from "./form.js";

/** Of these it takes days until it is known whether the money comes. */
const SLOW = ["acss_debit", "au_becs_debit", "bacs_debit", "boleto", "customer_balance", "konbini", "multibanco", "oxxo", "sepa_debit", "us_bank_account"];

/** A choice of them: `node` to show, `value()` as the API has it; with `inherited` one may also leave it to the merchant's setting. */
export function waysToPay({ value, inherited = false }) {
  const t = strings.ways;
  const isList = Boolean(value) && !["cards", "dashboard"].includes(value);
  const chosen = isList ? "list" : value ?? (inherited ? "" : "cards");
  const choice = h("select", { name: "payment_methods" },
    [...(inherited ? [""] : []), "cards", "dashboard", "list"].map((one) => h("option", { value: one, selected: one === chosen }, t.choices[one || "inherited"])));
  const list = input("payment_methods_list", { value: isList ? value : "", spellcheck: "false", autocapitalize: "none", placeholder: "card,sepa_debit" });
  const named = field({ label: t.list, control: list, hint: t.listHint });
  const slow = h("p.hint", { role: "status" });
  const draw = () => {
    named.hidden = choice.value !== "list";
    const isSlow = choice.value === "dashboard" || (choice.value === "list" && SLOW.some((name) => names().includes(name)));
    slow.textContent = isSlow ? t.slow : "";
  };
  const names = () => list.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
  choice.addEventListener("change", draw);
  list.addEventListener("input", draw);
  draw();
  return {
    node: h("div.group", field({ label: t.label, control: choice, hint: t.hint, optional: false }), named, slow),
    value: () => (choice.value === "list" ? names().join(",") : choice.value || undefined),
  };
}
