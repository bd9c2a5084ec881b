// What there is to import.

export { Paylink } from "./client.js";
export { isAbout } from "./change.js";
export { PaylinkError } from "./error.js";
export { verifyWebhook, WebhookError } from "./webhook.js";
