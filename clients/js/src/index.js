// What there is to import.

export { Paylink } from "./client.js";
export { PaylinkError } from "./error.js";
export { verifyWebhook, WebhookError } from "./webhook.js";
