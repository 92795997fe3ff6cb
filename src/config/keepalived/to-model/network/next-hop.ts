// `nexthop via A dev I weight N onlink realms R encap …` of a route line, and the old form `or A` (ip-route(8), keepalived.conf(5)).
import type { Address } from '../../../../model/address.js';
import { parseAddress } from '../../../../model/address-text.js';
import type { NextHop } from '../../../../model/keepalived/network.js';
import type { Word } from '../../keyword.js';
import type { Line } from '../line.js';
import { readEncap } from './encap.js';
import { type NumberNames, readRealms } from './number-names.js';

/** `[inet|inet6] ADDRESS` behind `via`. */
export function readVia(line: Line, code: 'route-nexthop-invalid' | 'route-via-invalid'): Address | undefined {
  if (!line.skip('inet')) line.skip('inet6');
  const word = line.need();
  if (word === undefined) return undefined;
  const address = parseAddress(word.text);
  if (address !== undefined) return address;
  line.report('ip-invalid', word.at, { word: word.text });
  line.report(code, word.at, { word: word.text });
  return undefined;
}

type Draft = { -readonly [K in keyof NextHop]?: NextHop[K] };

/** Reads one option of a next hop; `unknown`: it is none. */
function readOption(line: Line, word: Word, draft: Draft, names: NumberNames): 'read' | 'wrong' | 'unknown' {
  switch (word.text) {
    case 'via': {
      const via = readVia(line, 'route-nexthop-invalid');
      if (via !== undefined) draft.via = via;
      return via === undefined ? 'wrong' : 'read';
    }
    case 'dev': {
      const dev = line.need();
      if (dev !== undefined) draft.dev = dev.text;
      return dev === undefined ? 'wrong' : 'read';
    }
    case 'weight': {
      const text = line.need();
      if (text === undefined) return 'wrong';
      const details = { word: text.text };
      const weight = line.number(text, { min: 0, max: 256 }, 'route-weight-invalid', details);
      if (weight === 0) line.report('route-weight-invalid', text.at, details);
      draft.weight = weight ?? 1;
      return weight === undefined || weight === 0 ? 'wrong' : 'read';
    }
    case 'realms': {
      const text = line.need();
      const realms = text === undefined ? undefined : readRealms(text.text, names);
      if (text !== undefined && realms === undefined) line.report('route-realms-invalid', text.at, { word: text.text });
      if (realms !== undefined) draft.realms = realms;
      return realms === undefined ? 'wrong' : 'read';
    }
    case 'encap': {
      const encap = readEncap(line, names);
      if (encap !== undefined) draft.encap = encap;
      return 'read';
    }
    case 'onlink':
      draft.onlink = true;
      return 'read';
    default:
      return 'unknown';
  }
}

/** The next hops from the first `nexthop` to the end of the line. An invalid one is reported and ends the list. */
export function readNextHops(line: Line, names: NumberNames): readonly NextHop[] {
  const hops: NextHop[] = [];
  do {
    const draft: Draft = {};
    let word = line.peek();
    while (word !== undefined && word.text !== 'nexthop') {
      line.take();
      const read = readOption(line, word, draft, names);
      if (read === 'wrong') {
        line.end();
        return hops;
      }
      if (read === 'unknown') {
        line.report('route-trailing-words', word.at, { word: word.text });
        return [...hops, { weight: 1, onlink: false, ...draft }];
      }
      word = line.peek();
    }
    hops.push({ weight: 1, onlink: false, ...draft });
  } while (line.skip('nexthop'));
  return hops;
}
