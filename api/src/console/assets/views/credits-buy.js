// Buying credits: the packs that the operator sells, and what was bought.

import { command, get } from "../lib/api.js";
import { h, safeAddress, swap } from "../lib/dom.js";
import { problemBox } from "../lib/form.js";
import { humanised, money, number, time } from "../lib/format.js";
import { submissionKeys } from "../lib/idempotency.js";
import { may } from "../lib/scope.js";
import { strings } from "../strings.js";

// How often it is asked whether the page to pay on is made, and for how long.
const PAUSE = 400;
const TIMES = 50;

/** What is sold and what was bought, as the credits page has it; nothing where no credits are sold. */
export function readSales(signal) {
  return Promise.all([get("/credit-packs", { signal }), get("/credit-purchases", { signal })])
    .then(([packs, purchases]) => ({ packs: packs.items, purchases: purchases.items }));
}

/** Draws them. */
export function drawSales(place, { packs, purchases }, changed) {
  const t = strings.credits.buy;
  place.hidden = packs.length === 0 && purchases.length === 0;
  swap(place,
    packs.length > 0 && h("div.setting-head", h("h2", t.title)),
    packs.length > 0 && h("ul.packs", packs.map((pack) => h("li.pack", offer(pack, changed)))),
    purchases.length > 0 && bought(purchases));
}

function offer(pack, changed) {
  const t = strings.credits.buy;
  const problem = h("div");
  const keys = submissionKeys();
  const button = h("button.primary", { type: "button", key: `buy-${pack.id}`, disabled: !may("write") }, t.submit);
  button.addEventListener("click", async () => {
    button.disabled = true;
    swap(problem);
    try {
      const idempotencyKey = keys.for(pack.id);
      const url = await pageOf(await command("POST", "/credit-purchases", { pack: pack.id }, { idempotencyKey }));
      keys.succeeded();
      location.assign(url);
    } catch (failed) {
      swap(problem, typeof failed === "string" ? h("p.notice.notice-warn", { role: "alert" }, failed) : problemBox(failed));
      keys.succeeded();
      changed();
    } finally {
      button.disabled = !may("write");
    }
  });
  return [
    h("p.pack-size", strings.preview.credits(pack.credits)), h("p.pack-price", money(pack.amount, pack.currency)), button, problem,
  ];
}

/** The page to pay on, as soon as it is made; throws why there is none. */
async function pageOf(purchase) {
  const t = strings.credits.buy;
  for (let time = 0; time < TIMES && purchase.status === "creating"; time += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    purchase = await get(`/credit-purchases/${encodeURIComponent(purchase.id)}`);
  }
  const address = purchase.url && safeAddress(purchase.url);
  if (!address) throw purchase.failure ?? t.slow;
  return address;
}

function bought(purchases) {
  const t = strings.credits.buy;
  return h("table.ledger.purchases",
    h("caption", t.bought),
    h("thead", h("tr", h("th", { scope: "col" }, t.columns.what), h("th.amount", { scope: "col" }, t.columns.price),
      h("th", { scope: "col" }, t.columns.status))),
    h("tbody", purchases.map((purchase) => h("tr",
      h("td", strings.preview.credits(purchase.credits), h("span.entry-more", time(purchase.created_at, { short: true }))),
      h("td.amount", money(purchase.amount, purchase.currency)),
      h("td", stateOf(purchase))))));
}

function stateOf(purchase) {
  const t = strings.credits.buy;
  if (purchase.url) return h("a", { href: safeAddress(purchase.url) }, t.pay);
  const back = purchase.refunded_amount && t.back(money(purchase.refunded_amount, purchase.currency), number(purchase.credited));
  return [t.states[purchase.status] ?? humanised(purchase.status), back && h("span.entry-more", back),
    purchase.failure && h("span.entry-more", purchase.failure)];
}
