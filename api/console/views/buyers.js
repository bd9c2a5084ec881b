// From a buyer's number to the conversation with them.

import { get } from "../lib/api.js";

const MOST = 100;

/** The id of the conversation with this number, if something was said and it is among the latest. */
export async function findConversation(phone, signal) {
  if (!phone) return undefined;
  const { items } = await get("/conversations", { query: { limit: MOST }, signal });
  return items.find((conversation) => conversation.phone === phone)?.id;
}

/** The latest messages of a conversation, newest first. */
export async function messagesOf(conversation, signal) {
  const { items } = await get(`/conversations/${encodeURIComponent(conversation)}/messages`, { query: { limit: MOST }, signal });
  return items;
}
