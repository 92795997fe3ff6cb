// JSON of a client, strictly: what two readers could take for different values is refused.
import { WeirError } from './errors/weir-error.js';
import type { Json } from './json.js';

const DEPTH_MAX = 32;
/** Of a text that JSON.parse has read: a string, a number, or a sign of structure. */
const TOKEN = /"((?:[^"\\]|\\.)*)"|(-?\d[\d.eE+-]*)|[{}[\],:]/g;

interface Open {
  /** undefined: a list. */
  readonly names: Set<string> | undefined;
  /** What comes next is a member's name. */
  expectsName: boolean;
}

const refuse = (why: string): never => {
  throw new WeirError('api-json', { why });
};

function checkNumber(text: string): void {
  const value = Number(text);
  const isWhole = /^-?\d+$/.test(text);
  if (!Number.isFinite(value) || (isWhole && !Number.isSafeInteger(value))) refuse(`the number ${text.slice(0, 40)} does not fit`);
}

function checkString(raw: string, open: Open | undefined): void {
  const value = String(JSON.parse(`"${raw}"`));
  if (value.includes('\0')) refuse('a string contains NUL');
  if (open?.names === undefined || !open.expectsName) return;
  if (open.names.has(value)) refuse(`the name ${JSON.stringify(value.slice(0, 40))} is there twice`);
  open.names.add(value);
  open.expectsName = false;
}

/** Depth, names and numbers of a text that is JSON. */
function checkTokens(text: string): void {
  const stack: Open[] = [];
  for (const [token, string, number] of text.matchAll(TOKEN)) {
    const open = stack.at(-1);
    if (string !== undefined) checkString(string, open);
    else if (number !== undefined) checkNumber(number);
    else if (token === '{' || token === '[') {
      if (stack.length === DEPTH_MAX) refuse(`it is nested more than ${DEPTH_MAX} levels deep`);
      stack.push({ names: token === '{' ? new Set() : undefined, expectsName: true });
    } else if (token === '}' || token === ']') stack.pop();
    else if (token === ',' && open !== undefined) open.expectsName = true;
  }
}

/** @throws WeirError api-json: no JSON, too deep, a name twice in an object, a number that no double holds, NUL */
export function readStrictJson(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new WeirError('api-json', { why: error.message });
  }
  checkTokens(text);
  return value;
}
