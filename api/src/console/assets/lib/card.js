// What is shown of a payment link, and what may be done with it, wherever that is: the console's card and the component for other pages
// (embed.js, which this file is put before) are drawn by what is said here: which state, which buttons, and the markup. It needs nothing
// else, and has no words. What only one of them has, a dialog or a live region, it hands in.

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
  return link.refund_status === "partial" ? "partly_refunded" : unfinishedRefund(link);
}

/** What becomes of a refund that is not simply made: it is under way, or it failed. */
export function unfinishedRefund({ unfinished_refund: refund }) {
  return refund && `refund_${refund.status}`;
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
export function paymentState(link) {
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

/** Whether the link of the order can be sent or voided, by somebody who has that right. Nothing is sent that cannot be paid, nor to whoever wants no texts. */
export function canBe(act, link, order, rights) {
  const can = { void: true, send: isPayable(link) && !order.opted_out };
  return Boolean(can[act]) && link.status === "unpaid" && rights(act);
}

/** Whether it can be paid at Stripe: not while it is made anew after a payment that failed. */
export function isPayable(link) {
  return link.status === "unpaid" && Boolean(link.stripe_url);
}

/** Whether the link would be sent, were it not that its buyer wants no texts. */
export function isUnwanted(link, order) {
  return link.status === "unpaid" && Boolean(order.opted_out);
}

/** The card, in the order in which it is read; what is absent has no place in it. */
export function cardParts({ id, title, marks, who, amount, sentence, notices, address, buttons }) {
  const heading = cardPart("h2", "title", title);
  if (id) heading.id = id;
  return [
    cardPart("div", "head", heading, marks),
    who && cardPart("p", "who", who),
    cardPart("p", "amount", amount),
    sentence && cardPart("p", "sentence", sentence),
    notices,
    address,
    cardButtons(buttons),
  ].flat(Infinity).filter(isThere);
}

/** The row of buttons, if there are any. */
export function cardButtons(buttons) {
  const there = buttons.filter(isThere);
  if (there.length === 0) return undefined;
  const row = cardPart("div", "buttons", there);
  row.classList.add("buttons");
  return row;
}

/** A button: `look` is a class, `icon` a picture before the text. One that is busy is not `disabled`: that would take the focus away. */
export function cardButton({ name, key = name, text, press, look, icon, busy }) {
  const button = cardPart("button", `button ${name}`, icon, text);
  Object.assign(button, { type: "button", className: look || "", onclick: press });
  button.dataset.key = key;
  if (busy) button.setAttribute("aria-disabled", "true");
  return button;
}

/** A part of the card: by its class the console's style sheet knows it, by its name the pages of others do, as `::part()`. */
function cardPart(tag, name, ...children) {
  const node = document.createElement(tag);
  node.className = `link-${name}`;
  node.setAttribute("part", name);
  node.append(...children.flat(Infinity).filter(isThere));
  return node;
}

function isThere(child) {
  return child !== null && child !== undefined && child !== false && child !== "";
}
