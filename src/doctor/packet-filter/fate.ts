// What becomes of one packet that begins a connection in the packet filter, where new connections pass it before they are balanced. Pure.
import type { Address } from '../../model/address.js';
import { blockedText } from './aim.js';
import { type Passage, passageOf } from './blocking.js';
import { droppingRules } from './dropping.js';
import type { Chain, PacketProbe } from './model.js';

/** `device`: by which it comes. */
export interface NewPacket {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly from: { readonly address: Address; readonly port: number };
  readonly to: { readonly address: Address; readonly port: number };
  readonly device: string;
}

/** `elsewhere`: to another address or port than the service's. `uncertain`: by what is not known of the packet or of the rules. */
export interface FilterFate {
  readonly fate: 'accepted' | 'dropped' | 'elsewhere' | 'uncertain';
  /** That drop it, lead it elsewhere, or may; each as its tool writes it, with its chain. */
  readonly rules: readonly string[];
}

const ACCEPTED: FilterFate = { fate: 'accepted', rules: [] };

const mayStop = (chains: readonly Chain[], probe: PacketProbe): readonly string[] => [
  ...new Set(droppingRules(chains, probe).map(blockedText)),
];

function fateOn(chains: readonly Chain[], probe: PacketProbe, passage: Passage): FilterFate {
  if (passage.kind === 'dropped') return { fate: 'dropped', rules: [blockedText(passage.by)] };
  const rules = mayStop(chains, probe);
  if (passage.to !== undefined) return { fate: 'elsewhere', rules };
  return rules.length === 0 ? ACCEPTED : { fate: 'uncertain', rules };
}

/** By INPUT, and OUTPUT on its way back; or by FORWARD, where its mark leads it to the datapath. */
export type FilterWay = 'input' | 'forward';

interface Part {
  readonly chains: readonly Chain[];
  readonly place: Pick<PacketProbe, 'direction' | 'interfaceName' | 'leavesBy'>;
  readonly isBack?: true;
}

const isBeforeRouting = ({ hook }: Chain): boolean => hook !== 'input';

function partsOf(chains: readonly Chain[], device: string, back: string, way: FilterWay): readonly Part[] {
  const arrives = { direction: 'in', interfaceName: device } as const;
  if (way === 'input')
    return [
      { chains, place: arrives },
      { chains, place: { direction: 'out', interfaceName: back }, isBack: true },
    ];
  return [
    { chains: chains.filter(isBeforeRouting), place: arrives },
    { chains, place: { direction: 'through', interfaceName: device, leavesBy: back } },
  ];
}

/** `back`: the device by which it gets back to the datapath. */
export function fateOf(chains: readonly Chain[], { protocol, from, to, device }: NewPacket, back: string, way: FilterWay): FilterFate {
  const ends = {
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
    protocol,
  };
  const [arrives = ACCEPTED, goesOn = ACCEPTED] = partsOf(chains, device, back, way).map((part): FilterFate => {
    const probe: PacketProbe = { ...part.place, ...ends };
    const { fate, rules } = fateOn(part.chains, probe, passageOf(part.chains, probe));
    return { fate, rules: part.isBack ? rules.map((rule) => `${rule} on its way back to the datapath by ${back}`) : rules };
  });
  if (arrives.fate === 'accepted') return goesOn;
  if (arrives.fate !== 'uncertain') return arrives;
  return goesOn.fate === 'dropped' ? goesOn : { fate: 'uncertain', rules: [...arrives.rules, ...goesOn.rules] };
}
