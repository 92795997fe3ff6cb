// A JSON Schema with its repeated parts written once: lists and values alone share theirs, which would make the text some 20 times as long.
import { isRecord, type Json } from '../../model/json.js';

/** Shorter parts are repeated. */
const CHARACTERS_MIN = 150;

type Counts = Map<string, number>;

function count(part: Json, counts: Counts): void {
  if (Array.isArray(part)) for (const one of part) count(one, counts);
  if (!isRecord(part)) return;
  const text = JSON.stringify(part);
  const seen = counts.get(text) ?? 0;
  counts.set(text, seen + 1);
  if (seen === 0) for (const one of Object.values(part)) count(one, counts);
}

/** Definitions are named by their numbers, in the order in which they are met. */
class Definitions {
  readonly definitions: Record<string, Json> = {};
  readonly #names = new Map<string, string>();

  constructor(readonly counts: Counts) {}

  of(part: Json): Json {
    if (Array.isArray(part)) return part.map((one) => this.of(one));
    if (!isRecord(part)) return part;
    const text = JSON.stringify(part);
    const isShared = (this.counts.get(text) ?? 0) > 1 && text.length >= CHARACTERS_MIN && !Object.values(part).every(isRecord);
    if (!isShared) return this.#inside(part);
    const known = this.#names.get(text);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const name = `part${this.#names.size + 1}`;
    this.#names.set(text, name);
    this.definitions[name] = this.#inside(part);
    return { $ref: `#/$defs/${name}` };
  }

  #inside(part: Readonly<Record<string, Json>>): Json {
    return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, this.of(value)]));
  }
}

export function withDefinitions(schema: Readonly<Record<string, Json>>): Json {
  const counts: Counts = new Map();
  count(schema, counts);
  const shared = new Definitions(counts);
  const own = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, shared.of(value)]));
  return { ...own, $defs: shared.definitions };
}
