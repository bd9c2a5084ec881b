// The public API, and the one call beside it that makes a key into a session. What this file can do, any other frontend can do.
//
// The session is a cookie that no script can read. Other sites cannot set the header that commands carry, so they cannot use it.

import { strings } from "../strings.js";

const BASE = "/v1";
const SESSION = "/console/session";
const OURS = { "X-Paylink-Console": "1" };
const GET_TIMEOUT = 15_000;
const COMMAND_TIMEOUT = 30_000;

/** Why a call was not answered as it was meant to be: the API's problem+json, or one of our own for a call that got no answer. */
export class Problem extends Error {
  constructor({ status = 0, code, detail, errors = [] }) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.code = code;
    this.errors = errors;
  }

  /** Whether the same call may succeed a little later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

let unauthorized = () => {};

/** What to do when the session is over. */
export function onUnauthorized(act) {
  unauthorized = act;
}

/** Who is signed in, or `null`. */
export async function session() {
  const found = await readJson(await call(SESSION, { method: "GET", timeout: GET_TIMEOUT }));
  return found.signed_in ? found : null;
}

/** Signs in with a key, which is not kept here: who it is. */
export async function signIn(key) {
  const body = JSON.stringify({ api_key: key });
  const headers = { "Content-Type": "application/json" };
  return readJson(await call(SESSION, { method: "POST", headers, body, timeout: COMMAND_TIMEOUT, signingIn: true }));
}

/** Signs out. */
export async function signOut() {
  await call(SESSION, { method: "DELETE", timeout: COMMAND_TIMEOUT });
}

/** The address of a resource, for the browser to load by itself. Parameters that are empty are left out. */
export function addressOf(path, query = {}) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return parameters.size > 0 ? `${BASE}${path}?${parameters}` : BASE + path;
}

/** Reads. */
export async function get(path, { query, signal } = {}) {
  return readJson(await call(addressOf(path, query), { method: "GET", signal, timeout: GET_TIMEOUT }));
}

/** Reads a page of a list. After one that is empty although there is more comes the next. */
export async function getPage(path, { query, signal } = {}) {
  let page = await get(path, { query, signal });
  while (page.items.length === 0 && page.next_cursor) page = await get(path, { query: { ...query, cursor: page.next_cursor }, signal });
  return page;
}

/** Reads what may not be there: `null` if it is not. */
export async function find(path, options) {
  try {
    return await get(path, options);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}

/** Commands. `idempotencyKey` makes a retry harmless. */
export async function command(method, path, body, { idempotencyKey, signal } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return readJson(await call(BASE + path, { method, headers, body: text, signal, timeout: COMMAND_TIMEOUT }));
}

/** Puts a file, as it is, in place of what is there. */
export async function put(path, file) {
  const headers = { "Content-Type": file.type };
  return readJson(await call(BASE + path, { method: "PUT", headers, body: file, timeout: COMMAND_TIMEOUT }));
}

/** Sends a text file, as it is. */
export async function post(path, text, { type, query, idempotencyKey }) {
  const headers = { "Content-Type": type, "Idempotency-Key": idempotencyKey };
  return readJson(await call(addressOf(path, query), { method: "POST", headers, body: text, timeout: COMMAND_TIMEOUT }));
}

/** A PDF. The type is ours to say: whatever came, the browser will not run it. */
export async function pdf(path) {
  const response = await call(BASE + path, { method: "GET", timeout: COMMAND_TIMEOUT });
  return new Blob([await response.arrayBuffer()], { type: "application/pdf" });
}

/** A list as CSV, all of it. */
export async function csv(path, { query } = {}) {
  return (await call(addressOf(path, query), { method: "GET", headers: { Accept: "text/csv" }, timeout: COMMAND_TIMEOUT })).text();
}

/** Sends a form with a file; `onProgress` is told the share that has left, from 0 to 1. */
export function upload(path, form, { idempotencyKey, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    for (const [name, value] of Object.entries(OURS)) request.setRequestHeader(name, value);
    request.setRequestHeader("Idempotency-Key", idempotencyKey);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

function settle(request, resolve, reject) {
  const body = parse(request.responseText);
  if (request.status >= 200 && request.status < 300 && body) resolve(body);
  else reject(problemOf(request.status, body));
}

async function call(address, { method, headers = {}, body, signal, timeout, signingIn = false }) {
  const signals = [AbortSignal.timeout(timeout), signal].filter(Boolean);
  let response;
  try {
    response = await fetch(address, {
      method,
      body,
      headers: { Accept: "application/json, application/pdf", ...OURS, ...headers },
      signal: anyOf(signals),
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw unreachable();
  }
  if (response.ok) return response;
  throw problemOf(response.status, parse(await response.text()), signingIn);
}

async function readJson(response) {
  if (response.status === 204) return null;
  const body = parse(await response.text());
  if (body === null) throw problemOf(response.status, null);
  return body;
}

function problemOf(status, body, signingIn = false) {
  const problem = new Problem({
    status,
    code: body?.code ?? "unexpected",
    detail: sentenceOf(body) ?? strings.problems.unexpected(status),
    errors: Array.isArray(body?.errors) ? body.errors : [],
  });
  if (status === 401 && !signingIn) unauthorized();
  return problem;
}

/** What the server says, which it says in English: for others by its code, as far as there is a sentence for that. */
function sentenceOf(body) {
  return (strings.language === "en" ? null : strings.refused[body?.code]) ?? body?.detail;
}

function unreachable() {
  return new Problem({ code: "unreachable", detail: strings.problems.unreachable });
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function anyOf(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) controller.abort();
    signal.addEventListener("abort", () => controller.abort(), { once: true });
  }
  return controller.signal;
}
