// Copies the key of an invitation, and signs in with it. Without scripts its reader does both by hand.

const shown = document.getElementById("key");
const copy = document.getElementById("copy");
const entrance = document.getElementById("console");

async function copied() {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}

/** As the console does it: only a page of ours can send this header. */
function signIn() {
  const headers = { "Content-Type": "application/json", "X-Paylink-Console": "1" };
  return fetch("/console/session", { method: "POST", headers, body: JSON.stringify({ api_key: shown.textContent }), credentials: "same-origin" });
}

copy.hidden = false;
copy.addEventListener("click", async () => {
  if (await copied()) copy.textContent = copy.dataset.done;
});

entrance.addEventListener("click", (event) => {
  // In a tab of its own: the key is shown here, and nowhere again.
  const tab = open("", "_blank");
  if (!tab) return;
  event.preventDefault();
  // Whoever could not be signed in is asked for the key there.
  signIn().catch(() => {}).finally(() => tab.location.replace(entrance.href));
});
