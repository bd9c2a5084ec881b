// Whoever comes back by the browser's own button is shown the page as it is now, and not as it was when they left for Stripe.

addEventListener("pageshow", (shown) => {
  if (shown.persisted) location.reload();
});
