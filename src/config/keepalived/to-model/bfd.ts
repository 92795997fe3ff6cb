// bfd_instance.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import type { BfdInstance } from '../../../model/keepalived/trackers.js';
import { type Report, reportProblem } from '../diagnostics/report.js';
import type { Values } from '../keyword.js';
import { readWhole } from '../values/number.js';
import { blocksOf, booleanOf, has, nameOf, numberOf, placeOf, wordsOf } from '../values/values.js';
import { readHost } from './virtual-server/endpoint.js';

const NAME_LENGTH_MAX = 31;
/** `malformed`: the word is no address, which was reported. */
function readAddress(block: Values, keyword: string, what: string, report: Report): Address | 'malformed' | undefined {
  const word = wordsOf(block, keyword)?.[0];
  if (word === undefined) return undefined;
  const address = readHost(word.text);
  if (address !== undefined) return address;
  report('bfd-address-invalid', word.at, { name: nameOf(block), what: what.replace('%v', word.text) });
  return 'malformed';
}

function readWeight(block: Values, report: Report): { readonly weight: number; readonly reverse: boolean } {
  const none = { weight: 0, reverse: false };
  const [number, option] = wordsOf(block, 'weight') ?? [];
  if (number === undefined) return none;
  const { value, problem } = readWhole(number.text, { min: -253, max: 253 });
  if (value === undefined) {
    if (problem !== undefined) reportProblem(report, number.at, problem);
    report('bfd-weight-range', number.at, { name: nameOf(block), word: number.text });
    return none;
  }
  if (option !== undefined && option.text !== 'reverse') {
    report('bfd-weight-option-unknown', option.at, { name: nameOf(block), option: option.text });
  }
  return { weight: value, reverse: option?.text === 'reverse' };
}

function readHops(block: Values, ttl: number, report: Report): number {
  const hops = numberOf(block, 'max_hops') ?? 0;
  if (hops <= ttl) return hops;
  report('bfd-max-hops', placeOf(block, 'max_hops'), { name: nameOf(block) });
  return ttl;
}

type Ends = Pick<BfdInstance, 'neighbour' | 'source'>;

/** The neighbor's address and the local one; undefined: unusable, which was reported. */
function readEnds(block: Values, report: Report): Ends | undefined {
  const name = nameOf(block);
  const neighbour = readAddress(block, 'neighbor_ip', 'neighbor address %v, ignoring instance', report);
  const source = readAddress(block, 'source_ip', 'source address %v, ignoring', report);
  if (neighbour === 'malformed') return undefined;
  if (neighbour === undefined) {
    report('bfd-neighbor-missing', block.at, { name });
    return undefined;
  }
  if (source === undefined || source === 'malformed') return { neighbour };
  if (source.family === neighbour.family) return { neighbour, source };
  // keepalived prints one of the two addresses twice here.
  const text = `source address ${formatAddress(source)} and neighbor address ${formatAddress(neighbour)}`;
  report('bfd-mixed-families', block.at, { name, text });
  return undefined;
}

/** Could a packet belong to both sessions, judged by addresses alone? A session without a source accepts any local address. */
const areIndistinguishable = (one: Ends, other: Ends): boolean =>
  sameAddress(one.neighbour, other.neighbour) &&
  (one.source === undefined || other.source === undefined || sameAddress(one.source, other.source));

function buildBfd(block: Values, earlier: readonly BfdInstance[], report: Report): BfdInstance | undefined {
  const name = nameOf(block);
  if (name.length > NAME_LENGTH_MAX) {
    report('bfd-name-long', block.at, { name });
    report('bfd-name-long-ignored', block.at, { name, max: NAME_LENGTH_MAX });
    return undefined;
  }
  if (earlier.some((one) => one.name === name)) {
    report('bfd-name-twice', block.at, { name });
    report('bfd-name-twice-ignored', block.at, { name });
    return undefined;
  }
  const ends = readEnds(block, report);
  if (ends === undefined) return undefined;
  const { neighbour, source } = ends;
  const multihop = booleanOf(block, 'multihop') ?? false;
  if (earlier.some((one) => one.multihop === multihop && areIndistinguishable(one, ends))) {
    const pair = source === undefined ? '' : `${formatAddress(source)}/`;
    const what = `duplicate ${source === undefined ? '' : 'source/'}neighbor address ${pair}${formatAddress(neighbour)}`;
    report('bfd-instance-ignored', block.at, { name, what });
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
