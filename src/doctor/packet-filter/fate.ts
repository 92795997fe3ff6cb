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
  if (passage.to !== undefined) return { fate: 'elsewhere', rules: mayStop(chains, probe) };
  const rules = mayStop(chains, probe);
  return rules.length === 0 ? ACCEPTED : { fate: 'uncertain', rules };
}

/** `back`: the device by which what INPUT accepts goes back to the datapath, through OUTPUT. */
export function fateOf(chains: readonly Chain[], { protocol, from, to, device }: NewPacket, back: string): FilterFate {
  const ends = {
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
    protocol,
  };
  const ways = (['in', 'out'] as const).map((direction): FilterFate => {
    const probe: PacketProbe = { direction, interfaceName: direction === 'in' ? device : back, ...ends };
    const found = fateOn(chains, probe, passageOf(chains, probe));
    return direction === 'in'
      ? found
      : { ...found, rules: found.rules.map((rule) => `${rule} on its way back to the datapath by ${back}`) };
  });
  const [arrives, goesBack = ACCEPTED] = ways;
  if (arrives === undefined || arrives.fate === 'accepted') return goesBack;
  if (arrives.fate !== 'uncertain') return arrives;
  return goesBack.fate === 'dropped' ? goesBack : { fate: 'uncertain', rules: [...arrives.rules, ...goesBack.rules] };
}
