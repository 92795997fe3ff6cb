// Receives a packet: finds its instance, validates it, counts it, and lets the instance react.

import { isMulticast } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { sameAddress } from '../../../model/identity.js';
import { decodeVrrpHeader, type VrrpHeader } from '../../../wire/vrrp.js';
import { logBounded } from '../../machine.js';
import { change, count, instanceAt, logInstanceBounded, type VrrpContext } from '../context.js';
import type { ReceivedPacket } from '../messages.js';
import { packetKey } from '../state/vrrp-machine.js';
import { type ArrivedPacket, openPacket } from './packet.js';
import { react } from './react.js';
import type { Refusal } from './refusal.js';
import { noteRefusedAdvert } from './split-brain.js';
import { validateAdvert } from './validate.js';

const CENTISECOND_US = 10_000;

export function receive(context: VrrpContext, received: ReceivedPacket): void {
  if (context.atUs < context.machine.ignoreUntilUs) return;
  const packet = openPacket(received);
  const header = packet === undefined ? undefined : decodeVrrpHeader(packet.message);
  if (packet === undefined || header === undefined) {
    logBounded(context, 'short', [`vrrp packet too short on ${received.interface} from ${formatAddress(received.source)}`]);
    return;
  }
  const index = findInstance(context, packet, header.vrid);
  if (index !== undefined) handleAdvert(context, index, packet, header);
  else if (context.machine.configuration?.global.logUnknownVrids === true) {
    logBounded(context, `vrid ${header.vrid % 16}`, [
      `Unknown VRID(${header.vrid}) received on interface(${received.interface}). ignoring...`,
    ]);
  }
}

/** The instance of this VRID on this interface; of several, the one that fits the destination best. */
function findInstance(context: VrrpContext, packet: ArrivedPacket, vrid: number): number | undefined {
  const { family } = packet.source;
  const { indexOfPacket } = context.machine;
  const found = indexOfPacket.get(packetKey(packet.interface, family, vrid)) ?? indexOfPacket.get(packetKey('', family, vrid)) ?? [];
  const multicast = isMulticast(packet.destination);
  const configOf = (index: number) => instanceAt(context, index).config;
  const fits = found.filter((index) => (configOf(index).unicast === undefined) === multicast);
  if (multicast) return fits.find((index) => sameAddress(configOf(index).multicastGroup, packet.destination)) ?? fits[0] ?? found[0];
  return fits.length < 2 ? (fits[0] ?? found[0]) : findPeers(context, packet, fits);
}

/** Which of several unicast instances of a VRID the packet is for: the one whose address it was sent to and whose peer sent it. */
function findPeers(context: VrrpContext, { source, destination }: ArrivedPacket, indices: readonly number[]): number | undefined {
  const meant = indices.filter((index) => {
    const own = instanceAt(context, index).source;
    return own !== undefined && sameAddress(own, destination);
  });
  const isPeer = (index: number) =>
    instanceAt(context, index).config.unicast?.peers.some(({ address }) => sameAddress(address, source)) === true;
  return meant.find(isPeer) ?? indices.find(isPeer) ?? meant[0] ?? indices[0];
}

function handleAdvert(context: VrrpContext, index: number, packet: ArrivedPacket, header: VrrpHeader): void {
  const instance = instanceAt(context, index);
  if (instance.state !== 'backup' && instance.state !== 'master') return;
  const { wallOffsetUs } = context.machine;
  const verdict = validateAdvert(instance, packet, header, wallOffsetUs === undefined ? undefined : context.atUs + wallOffsetUs);
  if (verdict.kind === 'refused') {
    reject(context, index, verdict.refusal);
    noteRefusedAdvert(context, index, packet.source, header.priority, verdict.refusal);
    return;
  }
  const { patch, notes } = verdict.accepted;
  if (patch.oldChecksum === true && !instance.oldChecksum)
    logInstanceBounded(context, index, 'checksum', 'Setting unicast VRRPv3 checksum to old version');
  change(context, index, patch);
  count(context, index, 'advertsReceived');
  for (const note of notes) reject(context, index, note);
  const intervalUs = header.version === 3 ? header.interval * CENTISECOND_US : undefined;
  react(context, index, { source: packet.source, priority: header.priority, intervalUs });
}

function reject(context: VrrpContext, index: number, refusal: Refusal): void {
  count(context, index, refusal.counter);
  logInstanceBounded(context, index, refusal.counter, refusal.text);
}
