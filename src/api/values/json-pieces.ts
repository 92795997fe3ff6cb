// A value as JSON piece by piece, where it may be so large that others would wait for its text.
import { isRecord } from '../../model/json.js';

/** Items: a list of more is sent an item a piece. */
const SHORT_MAX = 100;

function isLong(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > SHORT_MAX || value.some(isLong);
  return isRecord(value) && Object.values(value).some(isLong);
}

/** Pieces joined are what JSON.stringify makes. What has no long list is one piece. */
export function* jsonPieces(value: unknown): Generator<string> {
  if (!isLong(value)) yield JSON.stringify(value);
  else if (Array.isArray(value)) yield* listPieces(value);
  else if (isRecord(value)) yield* objectPieces(value);
}

function* listPieces(list: readonly unknown[]): Generator<string> {
  let before = '';
  yield '[';
  for (const one of list) {
    yield before;
    yield* jsonPieces(one);
    before = ',';
  }
  yield ']';
}

function* objectPieces(object: Readonly<Record<string, unknown>>): Generator<string> {
  let before = '';
  yield '{';
  for (const [name, one] of Object.entries(object)) {
    if (one === undefined) continue;
    yield `${before}${JSON.stringify(name)}:`;
    yield* jsonPieces(one);
    before = ',';
  }
  yield '}';
}
