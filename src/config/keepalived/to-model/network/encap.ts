// `encap mpls|ip|ip6|ila …` of a route or next hop: a lightweight tunnel (ip-route(8), keepalived.conf(5)).
import type { RouteEncap } from '../../../../model/keepalived/network.js';
import type { Word } from '../../keyword.js';
import type { Line } from '../line.js';
import { type NumberNames, readCNumber, readNamed } from './number-names.js';
import { readAddress } from './prefix.js';

/** What reading needs beside the words. */
interface Reading {
  readonly line: Line;
  readonly names: NumberNames;
}

type Tunnel = Extract<RouteEncap, { kind: 'ip' | 'ip6' }>;
type Draft = { -readonly [K in keyof Tunnel]?: Tunnel[K] };

/** 20 bits. */
const LABEL_MAX = 0xfffff;

function readMpls({ line }: Reading): RouteEncap | undefined {
  const word = line.need();
  if (word === undefined) return undefined;
  const labels = word.text.split('/').map((part) => readCNumber(part, LABEL_MAX));
  if (labels.every((label) => label !== undefined)) return { kind: 'mpls', labels };
  line.report('encap-mpls-invalid', word.at, { word: word.text });
  return undefined;
}

/** `1:2:3:4`, hexadecimal. */
function readIla({ line }: Reading): RouteEncap | undefined {
  const word = line.need();
  if (word === undefined) return undefined;
  const parts = word.text.split(':');
  if (parts.length === 4 && parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part)))
    return { kind: 'ila', locator: parts.map((part) => Number.parseInt(part, 16)) };
  line.report('encap-ila-invalid', word.at, { word: word.text });
  return undefined;
}

/** Reads a value into the draft; false: it is invalid, and reported. */
type Option = (reading: Reading, value: Word, draft: Draft, kind: Tunnel['kind']) => boolean;

const id: Option = ({ line }, value, draft, kind) => {
  const { text } = value;
  if (/^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n) draft.id = BigInt(text);
  else line.report('encap-id-invalid', value.at, { kind, word: text });
  return draft.id !== undefined;
};

const address =
  (key: 'destination' | 'source', name: string): Option =>
  ({ line }, value, draft, kind) => {
    const found = readAddress(line, value, 'encap-address-invalid', { kind, name, word: value.text });
    if (found === undefined) return false;
    if (found.family === (kind === 'ip' ? 'inet' : 'inet6')) draft[key] = found;
    else line.report('encap-address-family', value.at, { version: kind === 'ip' ? 6 : 4, value: value.text, kind });
    return draft[key] !== undefined;
  };

const tos: Option = ({ line, names }, value, draft, kind) => {
  const found = readNamed(names, 'dsfield', value.text, 255);
  if (found !== undefined) draft.tos = found;
  else line.report('encap-dsfield-invalid', value.at, { kind, word: value.text });
  return found !== undefined;
};

const ttl: Option = ({ line }, value, draft, kind) => {
  const found = line.number(value, { min: 0, max: 255 }, 'encap-ttl-invalid', { kind, word: value.text });
  if (found !== undefined) draft.ttl = found;
  return found !== undefined;
};

const flags: Option = ({ line }, value, draft, kind) => {
  const found = line.number(value, { min: 0, max: 0xffff }, 'encap-flags-invalid', { kind, word: value.text });
  if (found !== undefined) draft.flags = found;
  return found !== undefined;
};

const both: readonly (readonly [string, Option])[] = [
  ['id', id],
  ['dst', address('destination', 'dst')],
  ['src', address('source', 'src')],
  ['flags', flags],
];
const options: Readonly<Record<Tunnel['kind'], ReadonlyMap<string, Option>>> = {
  ip: new Map([...both, ['tos', tos], ['ttl', ttl]]),
  ip6: new Map([...both, ['tc', tos], ['hoplimit', ttl]]),
};

function readTunnel(reading: Reading, keyword: Word, kind: Tunnel['kind']): RouteEncap | undefined {
  const { line } = reading;
  const draft: Draft = {};
  let good = true;
  for (let option = options[kind].get(line.peek()?.text ?? ''); option !== undefined; option = options[kind].get(line.peek()?.text ?? '')) {
    line.take();
    const value = line.need();
    if (value === undefined) return undefined;
    good = option(reading, value, draft, kind) && good;
  }
  if (!good) return undefined;
  if (draft.destination !== undefined || draft.id !== undefined) return { ...draft, kind };
  line.report('encap-incomplete', keyword.at, { kind });
  return undefined;
}

/** Reads the encapsulation; undefined, and reported, if it is invalid: the route is used without it. */
export function readEncap(line: Line, names: NumberNames): RouteEncap | undefined {
  const type = line.need();
  if (type === undefined) return undefined;
  switch (type.text) {
    case 'mpls':
      return readMpls({ line, names });
    case 'ila':
      return readIla({ line, names });
    case 'ip':
    case 'ip6':
      return readTunnel({ line, names }, type, type.text);
    default:
      line.report('encap-unknown', type.at, { type: type.text });
      return undefined;
  }
}
