// What is said of money that was paid where it went back, or where the buyer's bank wants it: never that it is simply paid.

import { disputeOf, moneyBack } from "../lib/card.js";
import { h } from "../lib/dom.js";
import { dayText, humanised, tag } from "../lib/format.js";
import { INQUIRY } from "../lib/timeline-details.js";
import { strings } from "../strings.js";

const TAGS = { open: "notice-disputed", lost: "notice-dispute_lost" };

/** A tag beside that of the link's state. */
export function moneyTag(link) {
  const gone = moneyBack(link);
  const isOfDispute = !gone || ["disputed", "dispute_lost"].includes(gone);
  if (link.disputed && isOfDispute) return tag(TAGS[link.disputed] ?? "notice-dispute_over", nameOf(link));
  return gone && tag(`notice-${gone}`, strings.order.notices[gone]);
}

function nameOf(link) {
  return strings.link.disputeTags[disputeOf(link)] ?? humanised(link.disputed);
}

/** How bad it is, its name, and what it means. */
export function disputeNotice(link) {
  const isBad = Boolean(TAGS[link.disputed]);
  const meant = strings.link.disputes[disputeOf(link)] ?? humanised(link.disputed);
  const due = link.respond_by && [" ", h("strong", strings.link.respondBy(dayText(new Date(link.respond_by))))];
  return [isBad ? "bad" : "info", nameOf(link), [meant, due]];
}

/** What an entry of a timeline tells of a dispute, where that has a name: an inquiry, or how it ended, in Stripe's word, with which its detail begins. */
export function disputeName({ event, detail = "", dispute_status: told }) {
  const t = strings.link.disputeTags;
  if (event === "disputed") return detail.split(", ").includes(INQUIRY) ? t.inquiry : undefined;
  const word = told ?? /^\w+/.exec(detail)?.[0];
  return event === "dispute_closed" && word ? t[disputeOf({ disputed: word, dispute_status: word })] : undefined;
}
