// What is shown of a payment link, and what may be done with it, wherever that is: the console's card and the component for other pages
// (embed.js, which this file is put before) are both drawn by what is said here. It needs nothing else, and has no words.

const UNDER_WAY = ["creating", "voiding", "expiring", "settling"];
const OPEN = ["unpaid", "processing", ...UNDER_WAY];

/** Whether a job is at work on the link, so that it is another in a moment. */
export function isUnderWay(link) {
  return UNDER_WAY.includes(link.status);
}

/** Whether the link is the open one of its order. */
export function isOpen(link) {
  return OPEN.includes(link.status);
}

/** The link of an order that counts: the one that is open, or else the newest. */
export function linkThatCounts(order) {
  const links = [...(order.links ?? [])].sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
  return links.find(isOpen) ?? links[0];
}

/** What became of money that was paid, where it is gone or contested: then the link is never simply paid. */
export function moneyBack(link) {
  if (link.status !== "paid") return undefined;
  if (link.refund_status === "full") return "refunded";
  if (link.disputed === "open") return "disputed";
  if (link.disputed === "lost") return "dispute_lost";
  return link.refund_status === "partial" ? "partly_refunded" : undefined;
}

/** What Stripe's words of a dispute come to, where ours say less. */
const DISPUTES = {
  under_review: "answered", warning_needs_response: "inquiry", warning_under_review: "inquiry_answered",
  prevented: "prevented", warning_closed: "inquiry_closed",
};

/** What became of the link's dispute, of which it has one: by Stripe's word, or else by ours. */
export function disputeOf({ disputed, dispute_status: word }) {
  return DISPUTES[word] ?? disputed;
}

/** What is said of the link: how it stands, or what does not go as it should. */
export function standing(link) {
  if (link.status !== "unpaid") return moneyBack(link) ?? link.status;
  if (link.unrecognised_at) return "unrecognised";
  if (["undelivered", "failed"].includes(link.delivery)) return "not_delivered";
  if (link.delivery === "unknown") return "delivery_unknown";
  return hasFailedPayment(link) ? "payment_failed" : "unpaid";
}

export function hasFailedPayment(link) {
  return (link.timeline ?? []).some((entry) => entry.event === "payment_failed");
}

/** An address of the web, or nothing: what stands in an answer never becomes a script. */
export function webAddress(text) {
  try {
    return ["https:", "http:"].includes(new URL(text).protocol) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Where the buyer sees the link, while there is something to pay. */
export function pageOf(link) {
  return ["unpaid", "processing"].includes(link.status) ? webAddress(link.url) : undefined;
}

/** Whether it can be sent or voided, by somebody who has that right. */
export function canBe(act, link, rights) {
  return ["send", "void"].includes(act) && link.status === "unpaid" && rights(act);
}
