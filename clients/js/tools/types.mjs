// Writes src/schema.d.ts from what the server says of itself: `node tools/types.mjs openapi.json > src/schema.d.ts`.
// A test holds the file against what the code describes, and writes it anew if it is told to (tests/system/clients.rs).

import { readFileSync } from "node:fs";

const described = JSON.parse(readFileSync(process.argv[2], "utf8"));
const schemas = described.components.schemas;

/** Schemas that something refers to, and those that these refer to. */
function reached(value, found = new Set()) {
  if (value === null || typeof value !== "object") return found;
  const name = value.$ref?.split("/").at(-1);
  if (name !== undefined && !found.has(name)) reached(schemas[name], found.add(name));
  for (const part of Object.values(value)) reached(part, found);
  return found;
}

// An operator's calls are for no merchant's key.
const paths = Object.entries(described.paths).filter(([path]) => !path.startsWith("/v1/admin/"));
const operations = paths.flatMap(([, calls]) => Object.values(calls));
const used = reached(operations);
const answered = reached(operations.map((operation) => operation.responses));

/** A type. A word of an answer may be newer than this file; one that is sent may not. */
function type(schema, isAnswer) {
  const bare = bareType(schema, isAnswer);
  return schema.nullable ? `${bare} | null` : bare;
}

function bareType(schema, isAnswer) {
  const of = (part) => type(part, isAnswer);
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.allOf) return schema.allOf.map(of).join(" & ");
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return either.map(of).join(" | ");
  if (schema.enum) {
    const words = schema.enum.map((word) => JSON.stringify(word)).join(" | ");
    return isAnswer ? `Word<${words}>` : words;
  }
  switch (schema.type) {
    case "string":
      if (schema.format === "binary") return "Blob | ArrayBuffer | Uint8Array";
      if (schema.format === "date-time") return "Time";
      return schema.title?.startsWith("an amount") ? "Amount" : "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array": {
      const item = of(schema.items);
      return item.includes("|") && !item.startsWith("Word<") ? `(${item})[]` : `${item}[]`;
    }
    default:
      if (schema.properties) return `{ ${fields(schema, isAnswer).join(" ")} }`;
      return `Record<string, ${typeof schema.additionalProperties === "object" ? of(schema.additionalProperties) : "unknown"}>`;
  }
}

function fields({ properties, required = [] }, isAnswer) {
  return Object.entries(properties).map(([name, schema]) => `${name}${required.includes(name) ? "" : "?"}: ${type(schema, isAnswer)};`);
}

const comment = (text, indent) => (text ? `${indent}/** ${text.replace(/\s*\n\s*/g, " ").replaceAll("*/", "*\\/")} */\n` : "");

function written(name, schema, isAnswer) {
  if (!schema.properties) return `${comment(schema.description, "")}export type ${name} = ${type(schema, isAnswer)};\n`;
  const parts = Object.values(schema.properties);
  const lines = fields(schema, isAnswer).map((field, index) => `${comment(parts[index].description, "  ")}  ${field}\n`);
  return `${comment(schema.description, "")}export interface ${name} {\n${lines.join("")}}\n`;
}

/** `list_orders` as `ListOrders`. */
const pascal = (text) => text.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase());

/** What a call is narrowed by: several words are joined by commas. */
function queryOf(operation) {
  const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === "query" && parameter.name !== "cursor");
  if (parameters.length === 0) return undefined;
  const properties = Object.fromEntries(parameters.map(({ name, schema, description }) => {
    const several = schema.type === "array" ? { anyOf: [schema.items, schema] } : schema;
    return [name, { ...several, description }];
  }));
  const required = parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name);
  return written(`${pascal(operation.operationId)}Query`, { properties, required, description: `What \`${operation.operationId}\` is asked with.` }, false);
}

function formOf(operation) {
  const form = operation.requestBody?.content?.["multipart/form-data"]?.schema;
  return form && written(`${pascal(operation.operationId)}Form`, { ...form, description: `The form of \`${operation.operationId}\`.` }, false);
}

const named = Object.entries(schemas).filter(([name]) => used.has(name) && !name.startsWith("Page_"));
const parts = [
  `// Written by tools/types.mjs from /openapi.json of Paylink. Not to be edited by hand.

/** A word that is known, or one that is newer than this file. */
export type Word<Known extends string> = Known | (string & {});
/** RFC 3339, in UTC. */
export type Time = string;
/** A decimal text in major units, such as \`"129.50"\`. */
export type Amount = string;
`,
  ...named.map(([name, schema]) => written(name, schema, answered.has(name))),
  ...operations.flatMap((operation) => [queryOf(operation), formOf(operation)]).filter(Boolean),
];
process.stdout.write(parts.join("\n"));
