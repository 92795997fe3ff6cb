// The document of a request: JSON or YAML, read as a weir.yaml is. What is wrong is named by its place.
import { readWeirFile, readWeirValue } from '../../config/weir/read.js';
import type { Place, YamlValue } from '../../config/weir/yaml-value.js';
import { failureLine, WeirError } from '../../model/errors/weir-error.js';
import { isRecord, type Json } from '../../model/json.js';
import type { TableDocument } from '../../model/table-document.js';
import { refusedValues } from '../http/read-values.js';

/** Where a value of JSON is: its name, and what it is in. */
interface Member {
  readonly name: string | number;
  readonly parent: Member | undefined;
}

function pointerOf(member: Member | undefined): string {
  const names: string[] = [];
  for (let at = member; at !== undefined; at = at.parent) names.unshift(String(at.name).replaceAll('~', '~0').replaceAll('/', '~1'));
  return names.map((name) => `/${name}`).join('');
}

/** JSON as the values of a file, with a line for each, so that a place is a pointer. */
class PlacedJson {
  readonly #members: (Member | undefined)[] = [];
  readonly value: YamlValue;

  constructor(value: Json) {
    this.value = this.#placed(value, undefined);
  }

  #placed(value: Json, member: Member | undefined): YamlValue {
    this.#members.push(member);
    const at = { line: this.#members.length, column: 1 };
    const inside = (name: string | number, one: Json): YamlValue => this.#placed(one, { name, parent: member });
    if (Array.isArray(value)) return { kind: 'list', at, items: value.map((one, index) => inside(index, one)) };
    if (!isRecord(value)) return { kind: 'scalar', at, value: value as string | number | boolean | null };
    const entries = Object.entries(value).map(([key, one]) => {
      const placed = inside(key, one);
      return { key, at: placed.at, value: placed };
    });
    return { kind: 'map', at, entries };
  }

  /** Lines count from 1. */
  pointerAt({ line }: Place): string {
    return pointerOf(this.#members[line - 1]);
  }
}

/** `body`: a text is YAML. @throws WeirError api-values, document-no-table */
export function readTableDocument(body: Json): TableDocument {
  const placed = typeof body === 'string' ? undefined : new PlacedJson(body);
  const { file, faults } = placed === undefined ? readWeirFile(String(body)) : readWeirValue(placed.value);
  if (faults.length > 0)
    throw refusedValues(faults, ({ at, failure }) => ({
      pointer: placed?.pointerAt(at) ?? `line ${at.line}, column ${at.column}`,
      message: failureLine(failure),
    }));
  const other = Object.keys(file).find((name) => name !== 'table');
  if (other !== undefined)
    throw new WeirError('api-values', { errors: [{ pointer: `/${other}`, message: 'only services and timeouts are changed here' }] });
  if (file.table === undefined) throw new WeirError('document-no-table', { path: 'the document' });
  return file.table;
}
