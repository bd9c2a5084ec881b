// Looks again by itself where something happens soon, and loads the page anew only when it would say something else: whoever reads
// it is not disturbed. Without scripts there is a link for that.

const { seconds, page: address } = document.currentScript.dataset;
const saysOf = (page) => page.querySelector(".sentence")?.textContent ?? "";

async function look() {
  const answer = await fetch(address, { credentials: "omit", cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (answer.status !== 429 && saysOf(page) !== saysOf(document)) location.replace(location.pathname);
}

setInterval(() => look().catch(() => {}), Number(seconds) * 1000);
