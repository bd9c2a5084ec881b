// The beginning: a page to sign in, or the console of the merchant who is signed in.

import { onUnauthorized, session, signOut } from "./lib/api.js";
import { closeDialogs } from "./lib/dialog.js";
import { useTimeZone } from "./lib/format.js";
import { forget } from "./lib/live.js";
import { hush } from "./lib/notify.js";
import { useScope } from "./lib/scope.js";
import { strings } from "./strings.js";
import { failure } from "./views/page.js";
import { showShell } from "./views/shell.js";
import { showSignIn } from "./views/signin.js";

const app = document.getElementById("app");

document.getElementById("toasts").setAttribute("aria-label", strings.notices);

let signedIn = false;
let leave = () => {};

async function begin() {
  try {
    enter(await session());
  } catch (problem) {
    failure(app, problem, begin, strings.product);
  }
}

/** Shows the console, or the door: an operator has nothing to do here. */
function enter(who) {
  if (who?.kind !== "merchant") return showDoor();
  leave();
  signedIn = true;
  useTimeZone(who.merchant.time_zone);
  useScope(who.key.scope);
  leave = showShell({ root: app, who, signOut: end });
}

function showDoor(reason) {
  leave();
  signedIn = false;
  leave = showSignIn({ root: app, reason, enter });
}

/** Takes away everything that was shown or kept of the one who was here. */
function leaveBehind(reason) {
  forget();
  closeDialogs();
  hush();
  showDoor(reason);
}

async function end() {
  // Whether or not the server hears of it, this browser shows nothing more.
  await signOut().catch(() => {});
  leaveBehind();
}

onUnauthorized(() => {
  if (signedIn) leaveBehind(strings.problems.signedOut);
});

begin();
