// Buyers of earlier orders, offered by the browser while a name or a telephone number is written: by mouse, by touch and by arrow keys.

import { getPage } from "../lib/api.js";
import { h, swap } from "../lib/dom.js";

const LEAST = 2;
const MOST = "20";
/** Whoever types on is not asked for in between. */
const PAUSE = 250;

/** Offers them to these fields; whoever is chosen fills all three. */
export function offerBuyers({ name, phone, language }) {
  const list = h("datalist", { id: "buyers" });
  let known = new Map();
  let waiting;
  let asked;
  const look = async (text) => {
    asked?.abort();
    asked = new AbortController();
    try {
      const { items } = await getPage("/orders", { query: { q: text, limit: MOST }, signal: asked.signal });
      known = new Map(items.filter(({ customer }) => customer.name && customer.phone)
        .map(({ customer }) => [`${customer.name} · ${customer.phone}`, customer]));
      swap(list, [...known.keys()].map((value) => h("option", { value })));
    } catch {
      // Nobody needs it to go on.
    }
  };
  for (const control of [name, phone]) {
    control.setAttribute("list", list.id);
    control.addEventListener("input", () => {
      clearTimeout(waiting);
      const chosen = known.get(control.value);
      if (!chosen) {
        const text = control.value.trim();
        if (text.length >= LEAST) waiting = setTimeout(() => look(text), PAUSE);
        return;
      }
      name.value = chosen.name;
      phone.value = chosen.phone;
      const is = (chosen.language ?? "").toLowerCase();
      if ([...language.options].some((option) => option.value === is)) language.value = is;
    });
  }
  return list;
}
