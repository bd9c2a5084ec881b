// The beginning: a page to sign in, or the console around the page that the address names.

import { onUnauthorized } from "./lib/api.js";
import { closeDialogs } from "./lib/dialog.js";
import { forget } from "./lib/live.js";
import { hush } from "./lib/notify.js";
import * as session from "./lib/session.js";
import { strings } from "./strings.js";
import { showShell } from "./views/shell.js";
import { showSignIn } from "./views/signin.js";

const app = document.getElementById("app");
document.getElementById("toasts").setAttribute("aria-label", strings.notices);
let leave = () => {};

function enter() {
  leave();
  leave = session.key() ? showShell({ root: app, signOut: () => signOut() }) : showSignIn({ root: app, enter });
}

function signOut(reason) {
  session.end();
  forget();
  closeDialogs();
  hush();
  leave();
  leave = showSignIn({ root: app, enter, reason });
}

onUnauthorized(() => {
  // A key that was never accepted is the sign-in page's own matter.
  if (session.key()) signOut(strings.problems.signedOut);
});

enter();
