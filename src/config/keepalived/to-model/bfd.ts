// bfd_instance.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import type { BfdInstance } from '../../../model/keepalived/trackers.js';
import type { Report, Values } from '../keyword.js';
import { readWhole } from '../values/number.js';
import { blocksOf, booleanOf, has, nameOf, numberOf, placeOf, wordsOf } from '../values/values.js';
import { tellError } from './report.js';
import { readHost } from './virtual-server/endpoint.js';

const LONGEST_NAME = 31;
const trouble = (name: string, text: string): string => `Configuration error: BFD instance ${name} ${text}`;

/** `malformed`: it is said and is no address; that was told. */
function readAddress(block: Values, keyword: string, what: string, report: Report): Address | 'malformed' | undefined {
  const word = wordsOf(block, keyword)?.[0];
  if (word === undefined) return undefined;
  const address = readHost(word.text);
  if (address !== undefined) return address;
  tellError(report, word.at, trouble(nameOf(block), `has malformed ${what}`.replace('%v', word.text)));
  return 'malformed';
}

function readWeight(block: Values, report: Report): { readonly weight: number; readonly reverse: boolean } {
  const none = { weight: 0, reverse: false };
  const [number, option] = wordsOf(block, 'weight') ?? [];
  if (number === undefined) return none;
  const { value, problem } = readWhole(number.text, { min: -253, max: 253 });
  if (value === undefined) {
    if (problem !== undefined) tellError(report, number.at, problem);
    const text = trouble(nameOf(block), `weight value ${number.text} not valid (must be in range [-253-253]), ignoring`);
    tellError(report, number.at, text);
    return none;
  }
  if (option !== undefined && option.text !== 'reverse') {
    tellError(report, option.at, trouble(nameOf(block), `unknown weight option ${option.text}`), 'reverse');
  }
  return { weight: value, reverse: option?.text === 'reverse' };
}

function readHops(block: Values, ttl: number, report: Report): number {
  const hops = numberOf(block, 'max_hops') ?? 0;
  if (hops <= ttl) return hops;
  tellError(report, placeOf(block, 'max_hops'), `BFD instance ${nameOf(block)}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit`);
  return ttl;
}

type Ends = Pick<BfdInstance, 'neighbour' | 'source'>;

/** The far end and our address; undefined: unusable, which was told. */
function readEnds(block: Values, report: Report): Ends | undefined {
  const name = nameOf(block);
  const neighbour = readAddress(block, 'neighbor_ip', 'neighbor address %v, ignoring instance', report);
  const source = readAddress(block, 'source_ip', 'source address %v, ignoring', report);
  if (neighbour === 'malformed') return undefined;
  if (neighbour === undefined) {
    tellError(report, block.at, trouble(name, 'has no neighbor address set, disabling instance'));
    return undefined;
  }
  if (source === undefined || source === 'malformed') return { neighbour };
  if (source.family === neighbour.family) return { neighbour, source };
  // The original prints one of the two addresses twice here.
  const text = `source address ${formatAddress(source)} and neighbor address ${formatAddress(neighbour)}`;
  tellError(report, block.at, trouble(name, `${text} are not of the same family, disabling instance`));
  return undefined;
}

/** Whether a packet that knows addresses alone could belong to both: a session without a source takes any. */
const cannotBeTold = (one: Ends, other: Ends): boolean =>
  sameAddress(one.neighbour, other.neighbour) &&
  (one.source === undefined || other.source === undefined || sameAddress(one.source, other.source));

function buildBfd(block: Values, earlier: readonly BfdInstance[], report: Report): BfdInstance | undefined {
  const name = nameOf(block);
  if (name.length > LONGEST_NAME) {
    const text = trouble(name, `name too long (maximum length is ${LONGEST_NAME} characters) - ignoring`);
    tellError(report, block.at, `BFD name ${name} too long`);
    tellError(report, block.at, text);
    return undefined;
  }
  if (earlier.some((one) => one.name === name)) {
    tellError(report, block.at, `BFD ${name} already specified`);
    tellError(report, block.at, trouble(name, 'already configured - ignoring'));
    return undefined;
  }
  const ends = readEnds(block, report);
  if (ends === undefined) return undefined;
  const { neighbour, source } = ends;
  const multihop = booleanOf(block, 'multihop') ?? false;
  if (earlier.some((one) => one.multihop === multihop && cannotBeTold(one, ends))) {
    const pair = source === undefined ? '' : `${formatAddress(source)}/`;
    const what = `duplicate ${source === undefined ? '' : 'source/'}neighbor address ${pair}${formatAddress(neighbour)}`;
    tellError(report, block.at, trouble(name, `has ${what}, ignoring instance`));
    return undefined;
  }
  const ttl = numberOf(block, 'ttl') ?? (neighbour.family === 'inet' ? 255 : 64);
  const [vrrp, checker] = [has(block, 'vrrp'), has(block, 'checker')];
  return {
    name,
    ...ends,
    minRxUs: numberOf(block, 'min_rx') ?? 10_000,
    minTxUs: numberOf(block, 'min_tx') ?? 10_000,
    idleTxUs: numberOf(block, 'idle_tx') ?? 1_000_000,
    multiplier: numberOf(block, 'multiplier') ?? 5,
    passive: has(block, 'passive'),
    ttl,
    maxHops: readHops(block, ttl, report),
    multihop,
    ...readWeight(block, report),
    events: { vrrp: vrrp || !checker, checker: checker || !vrrp },
  };
}

export function buildBfds(root: Values, report: Report): readonly BfdInstance[] {
  const built: BfdInstance[] = [];
  for (const block of blocksOf(root, 'bfd_instance')) {
    const bfd = buildBfd(block, built, report);
    if (bfd !== undefined) built.push(bfd);
  }
  return built;
}
