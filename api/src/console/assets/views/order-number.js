// The number that a new order is proposed: what comes after the newest that ends in digits.

import { get } from "../lib/api.js";

const LOOKED_AT = "20";
const LONGEST = 64;

/** What comes after this number, as wide as it is; nothing if it does not end in digits. */
export function numberAfter(number) {
  const [, before, digits] = /^(.*?)(\d+)$/su.exec(number) ?? [];
  if (!digits) return undefined;
  const after = before + String(BigInt(digits) + 1n).padStart(digits.length, "0");
  return after.length > LONGEST ? undefined : after;
}

/** What comes after the newest order's. Somebody else may be given the same: the server takes it once. */
export async function nextNumber() {
  const { items } = await get("/orders", { query: { limit: LOOKED_AT } });
  return items.map((order) => numberAfter(order.number)).find(Boolean);
}
