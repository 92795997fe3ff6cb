// Names for numbers as this host's iproute2 and /etc/protocols have them.
import { readdirSync, readFileSync } from 'node:fs';
import type { NamedNumber, NameFolders, NumberNames } from '../config/keepalived/to-model/network/number-names.js';

const files: Readonly<Record<NamedNumber, string>> = {
  table: 'rt_tables',
  protocol: 'rt_protos',
  scope: 'rt_scopes',
  dsfield: 'rt_dsfield',
  realm: 'rt_realms',
  group: 'group',
  ipProtocol: '',
};

/** Where iproute2 keeps them: the package's own, by release, then the host's, which wins. */
const USR = ['/usr/lib/iproute2', '/usr/share/iproute2'];
const ETC = '/etc/iproute2';

/** The text, or nothing: a host need not have any of these files. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function partsOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.conf'))
      .sort()
      .map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/** `NUMBER NAME` lines (`NAME NUMBER` in /etc/protocols); `#` begins a comment. */
export function readNames(text: string, nameFirst: boolean): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [first, second] = line.replace(/#.*/, '').trim().split(/\s+/);
    const [number, name] = nameFirst ? [second, first] : [first, second];
    if (name !== undefined && name !== '' && number !== undefined && /^(?:0x[0-9a-f]+|\d+)$/i.test(number)) names.set(name, Number(number));
  }
  return names;
}

/** Reads each file when the first of its names is asked for. */
export function hostNumberNames({ usr, etc = ETC }: NameFolders = {}, protocols = '/etc/protocols'): NumberNames {
  const folders = [...(usr === undefined ? USR : [usr]), etc];
  const known = new Map<NamedNumber, ReadonlyMap<string, number>>();
  const read = (kind: NamedNumber): ReadonlyMap<string, number> => {
    if (kind === 'ipProtocol') return readNames(textOf(protocols), true);
    const paths = folders.flatMap((folder) => [`${folder}/${files[kind]}`, ...partsOf(`${folder}/${files[kind]}.d`)]);
    return new Map(paths.flatMap((path) => [...readNames(textOf(path), false)]));
  };
  return (kind, name) => {
    const names = known.get(kind) ?? read(kind);
    known.set(kind, names);
    return names.get(name);
  };
}
