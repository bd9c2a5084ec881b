// Looks again by itself where something happens soon, and loads the page anew only when it would say something else: whoever reads
// it is not disturbed. Without scripts there is a link for that.

const { seconds, page: address } = document.currentScript.dataset;
// What it says and what it offers. Nothing where the answer is no page of ours: a proxy's error, say, while a new version starts.
const saysOf = (page) => {
  const sentence = page.querySelector(".sentence")?.textContent;
  const offers = [...page.querySelectorAll("form")].map((form) => form.getAttribute("action"));
  return sentence && [sentence, ...offers].join();
};

async function look() {
  const answer = await fetch(address, { credentials: "omit", cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const says = saysOf(page);
  if (says && answer.status !== 429 && says !== saysOf(document)) location.replace(location.pathname);
}

setInterval(() => look().catch(() => {}), Number(seconds) * 1000);
