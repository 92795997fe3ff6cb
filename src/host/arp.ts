// ARP probes (RFC 5227): which hosts have an address, asked without claiming it. Announcements (gratuitous ARP) that this host has it.
import type { Address } from '../model/address.js';
import { sameAddress } from '../model/identity.js';
import { type ArpMessage, decodeArp, encodeArp } from '../wire/arp.js';
import { BROADCAST_MAC, decodeEthernet, EtherType, encodeEthernet, type Mac, ZERO_MAC } from '../wire/ethernet.js';
import {
  type AddressAnswer,
  type AddressQuestion,
  announceBy,
  type ProbeOptions,
  type ProbeProtocol,
  probeAddresses,
} from './address-probe.js';

const UNSPECIFIED: Address = { family: 'inet', words: [0] };

function frame(mac: Mac, message: ArpMessage): Uint8Array {
  return encodeEthernet({ destination: BROADCAST_MAC, source: mac, tags: [], etherType: EtherType.arp, payload: encodeArp(message) });
}

/** What a frame shows about the addresses asked for; undefined: nothing, or this host sent it. */
export function arpAnswer(bytes: Uint8Array, question: AddressQuestion, own: ReadonlySet<Mac>): AddressAnswer | undefined {
  const ethernet = decodeEthernet(bytes);
  const message = ethernet?.etherType === EtherType.arp ? decodeArp(ethernet.payload) : undefined;
  if (message === undefined || own.has(message.senderMac)) return undefined;
  const asked = (address: Address) => question.addresses.find((one) => sameAddress(one, address));
  const held = asked(message.senderAddress);
  if (held !== undefined) return { ifindex: question.ifindex, address: held, mac: message.senderMac, kind: 'holds' };
  const wanted = message.operation === 'request' && message.senderAddress.words[0] === 0 ? asked(message.targetAddress) : undefined;
  return wanted === undefined ? undefined : { ifindex: question.ifindex, address: wanted, mac: message.senderMac, kind: 'wants' };
}

const ARP_PROBE: ProbeProtocol = {
  etherType: EtherType.arp,
  question: ({ mac, from }, address) =>
    frame(mac, {
      operation: 'request',
      senderMac: mac,
      senderAddress: from ?? UNSPECIFIED,
      targetMac: ZERO_MAC,
      targetAddress: address,
    }),
  answer: arpAnswer,
};

/** See probeAddresses. @throws SystemError */
export function probeArp(
  questions: readonly AddressQuestion[],
  own: ReadonlySet<Mac>,
  options: ProbeOptions = {},
): readonly AddressAnswer[] {
  return probeAddresses(ARP_PROBE, questions, own, options);
}

/** Gratuitous ARP: requests and replies, several times, for switches and neighbours that listen to one kind only. @throws SystemError */
export function announceArp(ifindex: number, mac: Mac, addresses: readonly Address[]): void {
  const announcement = (operation: 'request' | 'reply', address: Address): Uint8Array =>
    frame(mac, {
      operation,
      senderMac: mac,
      senderAddress: address,
      targetMac: operation === 'reply' ? mac : ZERO_MAC,
      targetAddress: address,
    });
  const frames = addresses.flatMap((address) => [announcement('request', address), announcement('reply', address)]);
  announceBy(ifindex, EtherType.arp, frames);
}
