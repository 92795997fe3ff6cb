// From a packet to the instance it concerns: found, judged, counted, and handed to the election.
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import { decodeVrrpHeader, type VrrpHeader } from '../../../wire/vrrp.js';
import type { ReceivedPacket } from '../messages.js';
import { packetKey } from '../state.js';
import { change, count, instanceAt, logBounded, sayBounded, type Work } from '../step-context.js';
import { type ArrivedPacket, isMulticast, openPacket } from './packet.js';
import { react } from './react.js';
import { noteForeignAdvert } from './split-brain.js';
import { judge, type Refusal } from './validate.js';

const centisecondUs = 10_000;

export function receive(work: Work, received: ReceivedPacket): void {
  if (work.atUs < work.machine.deafUntilUs) return;
  const packet = openPacket(received);
  const header = packet === undefined ? undefined : decodeVrrpHeader(packet.message);
  if (packet === undefined || header === undefined) {
    sayBounded(work, 'short', `vrrp packet too short on ${received.interface} from ${formatAddress(received.source)}`);
    return;
  }
  const index = findInstance(work, packet, header.vrid);
  if (index !== undefined) hear(work, index, packet, header);
  else if (work.machine.configuration?.global.logUnknownVrids === true) {
    sayBounded(work, `vrid ${header.vrid % 16}`, `Unknown VRID(${header.vrid}) received on interface(${received.interface}). ignoring...`);
  }
}

/** The instance of this VRID on this interface; of several, that which the destination fits best. */
function findInstance(work: Work, packet: ArrivedPacket, vrid: number): number | undefined {
  const { family } = packet.source;
  const { indexOfPacket } = work.machine;
  const found = indexOfPacket.get(packetKey(packet.interface, family, vrid)) ?? indexOfPacket.get(packetKey('', family, vrid)) ?? [];
  const multicast = isMulticast(packet.destination);
  const configOf = (index: number) => instanceAt(work, index).config;
  const fits = found.filter((index) => (configOf(index).unicast === undefined) === multicast);
  if (multicast) return fits.find((index) => sameAddress(configOf(index).multicastGroup, packet.destination)) ?? fits[0] ?? found[0];
  return fits.length < 2 ? (fits[0] ?? found[0]) : findPeers(work, packet, fits);
}

/** Of several unicast instances of a VRID: that which the packet was sent to, and whose peer sent it. */
function findPeers(work: Work, { source, destination }: ArrivedPacket, indices: readonly number[]): number | undefined {
  const meant = indices.filter((index) => {
    const own = instanceAt(work, index).source;
    return own !== undefined && sameAddress(own, destination);
  });
  const isPeer = (index: number) =>
    instanceAt(work, index).config.unicast?.peers.some(({ address }) => sameAddress(address, source)) === true;
  return meant.find(isPeer) ?? indices.find(isPeer) ?? meant[0] ?? indices[0];
}

function hear(work: Work, index: number, packet: ArrivedPacket, header: VrrpHeader): void {
  const instance = instanceAt(work, index);
  if (instance.state !== 'backup' && instance.state !== 'master') return;
  const { wallOffsetUs } = work.machine;
  const verdict = judge(instance, packet, header, wallOffsetUs === undefined ? undefined : work.atUs + wallOffsetUs);
  if (verdict.kind === 'refused') {
    reject(work, index, verdict.refusal);
    noteForeignAdvert(work, index, packet.source, header.priority, verdict.refusal);
    return;
  }
  const { patch, notes } = verdict.accepted;
  if (patch.oldChecksum === true && !instance.oldChecksum)
    logBounded(work, index, 'checksum', 'Setting unicast VRRPv3 checksum to old version');
  change(work, index, patch);
  count(work, index, 'advertsReceived');
  for (const note of notes) reject(work, index, note);
  const intervalUs = header.version === 3 ? header.interval * centisecondUs : undefined;
  react(work, index, { source: packet.source, priority: header.priority, intervalUs });
}

function reject(work: Work, index: number, refusal: Refusal): void {
  count(work, index, refusal.counter);
  logBounded(work, index, refusal.counter, refusal.text);
}
