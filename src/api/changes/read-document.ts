// The document of a request: JSON or YAML, read as a weir.yaml is. What is wrong is named by its place.
import { readWeirFile } from '../../config/weir/read.js';
import { failureLine, WeirError } from '../../model/errors/weir-error.js';
import { isRecord, type Json } from '../../model/json.js';
import type { TableDocument } from '../../model/table-document.js';

/** JSON with a line for each value, so that a place is a pointer. */
class PlacedJson {
  readonly #lines: string[] = [];
  readonly #pointers: string[] = [];

  constructor(value: Json) {
    this.#put(value, '', ' ', '', '');
  }

  #line(text: string, pointer: string): void {
    this.#lines.push(text);
    this.#pointers.push(pointer);
  }

  #put(value: Json, pointer: string, indent: string, name: string, end: string): void {
    const isList = Array.isArray(value);
    if (!isList && !isRecord(value)) {
      this.#line(`${indent}${name}${JSON.stringify(value)}${end}`, pointer);
      return;
    }
    const members = Object.entries(value);
    this.#line(`${indent}${name}${isList ? '[' : '{'}`, pointer);
    members.forEach(([key, one], index) => {
      const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      this.#put(one, at, `${indent} `, isList ? '' : `${JSON.stringify(key)}: `, index + 1 < members.length ? ',' : '');
    });
    this.#line(`${indent}${isList ? ']' : '}'}${end}`, pointer);
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  /** Lines count from 1. */
  pointerAt(line: number): string {
    return this.#pointers[line - 1] ?? '';
  }
}

/** `body`: a text is YAML. @throws WeirError api-values, document-no-table */
export function readTableDocument(body: Json): TableDocument {
  const placed = typeof body === 'string' ? undefined : new PlacedJson(body);
  const { file, faults } = readWeirFile(placed?.text ?? String(body));
  if (faults.length > 0) {
    const errors = faults.map(({ at, failure }) => ({
      pointer: placed?.pointerAt(at.line) ?? `line ${at.line}, column ${at.column}`,
      message: failureLine(failure),
    }));
    throw new WeirError('api-values', { errors });
  }
  const other = Object.keys(file).find((name) => name !== 'table');
  if (other !== undefined)
    throw new WeirError('api-values', { errors: [{ pointer: `/${other}`, message: 'only services and timeouts are changed here' }] });
  if (file.table === undefined) throw new WeirError('document-no-table', { path: 'the document' });
  return file.table;
}
