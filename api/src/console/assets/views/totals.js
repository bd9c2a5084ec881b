// What a list comes to, below it: how many there are, and by currency the sum of what the list is narrowed to, or of what is unpaid.

import { get } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";
import { money } from "../lib/format.js";
import { strings } from "../strings.js";

/** The line below a list; `count` says how many. It is asked for once the list is there, and never holds it up. */
export function totalOf(path, count) {
  const node = h("p.list-total.quiet", { role: "status" });
  let asked = 0;
  const follow = async ({ cursor, sort: _, ...narrowed }, page) => {
    const mine = (asked += 1);
    // What is seen at one glance needs no count, but what it comes to.
    if (page.items.length === 0) return swap(node);
    try {
      const { totals } = await get(path, { query: { ...narrowed, limit: "1", totals: "true" } });
      if (mine === asked) swap(node, said(totals, narrowed, count));
    } catch {
      // The list is worth as much without it; it is asked for again with the next.
      if (mine === asked) swap(node);
    }
  };
  return { node, follow };
}

function said({ count: found, more, sums }, { status, tag, overdue }, count) {
  const t = strings.orders;
  // Of many that were looked through without finding one, nothing is known.
  if (more) return found > 0 ? t.moreThan(count(found)) : "";
  const isOfOneState = Boolean(status || tag || overdue);
  const parts = sums.map(({ currency, amount, unpaid }) => (isOfOneState ? money(amount, currency) : Number(unpaid) > 0 && t.unpaidSum(money(unpaid, currency))));
  return [count(found), ...parts.filter(Boolean)].join(" · ");
}
