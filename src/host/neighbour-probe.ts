// Neighbour discovery: which hosts have an IPv6 address. And announcements (unsolicited advertisements) that this host has it.
//
// Only who is about to take the address asks from the unspecified address (RFC 4862 §5.4.3): a host that is about to take it, too,
// gives it up then.
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import { EtherType, type Mac } from '../wire/ethernet.js';
import { unsolicitedAdvertisement } from '../wire/ndisc.js';
import { neighbourClaim, neighbourSolicitation, solicitedNodeMac } from '../wire/ndisc-probe.js';
import {
  type AddressAnswer,
  type AddressQuestion,
  announceBy,
  type ProbeOptions,
  type ProbeProtocol,
  probeAddresses,
} from './address-probe.js';

const UNSPECIFIED: Address = { family: 'inet6', words: [0, 0, 0, 0] };

/** What a frame shows about the addresses asked for; undefined: nothing, or this host sent it. */
export function neighbourAnswer(frame: Uint8Array, question: AddressQuestion, own: ReadonlySet<Mac>): AddressAnswer | undefined {
  const claim = neighbourClaim(frame);
  const address = question.addresses.find((one) => claim !== undefined && sameAddress(one, claim.address));
  if (claim === undefined || address === undefined || own.has(claim.mac)) return undefined;
  return { ifindex: question.ifindex, address, mac: claim.mac, kind: claim.kind };
}

const NEIGHBOUR_PROBE: ProbeProtocol = {
  etherType: EtherType.ipv6,
  group: solicitedNodeMac,
  question: ({ mac, from }, address) => neighbourSolicitation(mac, from ?? UNSPECIFIED, address),
  answer: neighbourAnswer,
};

/** See probeAddresses. @throws SystemError */
export function probeNeighbours(
  questions: readonly AddressQuestion[],
  own: ReadonlySet<Mac>,
  options: ProbeOptions = {},
): readonly AddressAnswer[] {
  return probeAddresses(NEIGHBOUR_PROBE, questions, own, options);
}

/** Unsolicited advertisements, several times. `router`: this host forwards. @throws SystemError */
export function announceNeighbours(ifindex: number, mac: Mac, addresses: readonly Address[], router: boolean): void {
  const frames = addresses.map((address) => unsolicitedAdvertisement(mac, address, router));
  announceBy(ifindex, EtherType.ipv6, frames);
}
