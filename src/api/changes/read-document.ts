// The document of a request: JSON or YAML, read as a weir.yaml is. What is wrong is named by its place.
import { readWeirValue, type WeirFileRead } from '../../config/weir/read.js';
import { type Fault, type Place, readYaml, type YamlEntry, type YamlValue } from '../../config/weir/yaml-value.js';
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
  readonly faults: readonly Fault[] = [];

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

const NO_CHECKS = 'health checks are not changed here: they are those of the weir.yaml of weir run, which serves and checks such a service';

const entriesOf = (value: YamlValue | undefined): readonly YamlEntry[] => (value?.kind === 'map' ? value.entries : []);

const memberOf = (value: YamlValue, name: string): YamlValue | undefined => entriesOf(value).find(({ key }) => key === name)?.value;

/** The keys `checks` of services and of their servers. */
function checksIn(document: YamlValue): readonly YamlEntry[] {
  return entriesOf(memberOf(document, 'services')).flatMap(({ value: service }) => {
    const servers = memberOf(service, 'servers');
    return [service, ...(servers?.kind === 'list' ? servers.items : [])].flatMap((one) =>
      entriesOf(one).filter(({ key }) => key === 'checks'),
    );
  });
}

/**
 * `body`: a text is YAML. `sent`: where in the document what the client has sent is, so that pointers are of its body.
 * @throws WeirError api-values, document-no-table
 */
export function readTableDocument(body: Json, sent = ''): TableDocument {
  const placed = typeof body === 'string' ? undefined : new PlacedJson(body);
  const placeOf = (at: Place): string => {
    const pointer = placed?.pointerAt(at) ?? `line ${at.line}, column ${at.column}`;
    return pointer.startsWith(sent) ? pointer.slice(sent.length) : pointer;
  };
  const { value, faults: inText } = placed ?? readYaml(String(body));
  const { file, faults }: WeirFileRead = value === undefined || inText.length > 0 ? { file: {}, faults: inText } : readWeirValue(value);
  if (faults.length > 0) throw refusedValues(faults, ({ at, failure }) => ({ pointer: placeOf(at), message: failureLine(failure) }));
  const checks = value === undefined ? [] : checksIn(value);
  if (checks.length > 0) throw refusedValues(checks, ({ at }) => ({ pointer: placeOf(at), message: NO_CHECKS }));
  const other = Object.keys(file).find((name) => name !== 'table');
  if (other !== undefined)
    throw new WeirError('api-values', { errors: [{ pointer: `/${other}`, message: 'only services and timeouts are changed here' }] });
  if (file.table === undefined) throw new WeirError('document-no-table', { path: 'the document' });
  return file.table;
}
