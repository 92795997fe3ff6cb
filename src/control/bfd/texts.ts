// keepalived's texts for states, diagnostics and what is wrong with a packet.
import { formatAddress } from '../../model/address-text.js';
import { BFD_DIAGNOSTICS, type BfdControl, type BfdState } from '../../wire/bfd.js';
import type { BfdReceived, BfdRefusal } from './messages.js';
import type { Session } from './state.js';
import { detectionUs, remoteDetectionUs, transmitUs } from './timing.js';

const STATE_TEXTS: Readonly<Record<BfdState, string>> = { adminDown: 'AdminDown', down: 'Down', init: 'Init', up: 'Up' };
export const stateText = (state: BfdState): string => STATE_TEXTS[state];
export const diagnosticText = (number: number): string => BFD_DIAGNOSTICS[number] ?? 'Unknown';

/** `[10.0.0.2]:49152` */
const sender = ({ source, sourcePort }: BfdReceived): string => `[${formatAddress(source)}]:${sourcePort}`;
const hex = (word: number): string => `0x${word.toString(16).padStart(8, '0')}`;

/** What is wrong with the packet itself. */
function fault(reason: BfdRefusal, { bytes }: BfdReceived, packet: BfdControl | undefined): string | undefined {
  switch (reason) {
    case 'short':
      return `Packet is too small: ${bytes.length} bytes`;
    case 'length':
      return `Packet size mismatch: length field: ${packet?.length} bytes, buffer size: ${bytes.length} bytes`;
    case 'version':
      return `Packet is of unsupported version: ${packet?.version}`;
    case 'multiplier':
      return "Packet 'detection multiplier' field is zero";
    case 'multipoint':
      return "Packet has 'multipoint' flag";
    case 'myDiscriminator':
      return "Packet 'my discriminator' field is zero";
    case 'yourDiscriminator':
      return "Packet 'your discriminator' field is zero and 'state' field is not Down or AdminDown";
    case 'flags':
      return 'Packet has both poll and final flags set';
    case 'diagnostic':
      return `Packet has invalid 'diag' field: ${packet?.diagnostic}`;
    default:
      return undefined;
  }
}

/** The log lines for a refused packet. `session`: the session that it belongs to, if any. */
export function refusalTexts(
  reason: BfdRefusal,
  received: BfdReceived,
  packet: BfdControl | undefined,
  session: Session | undefined,
): readonly string[] {
  const wrong = fault(reason, received, packet);
  if (wrong !== undefined) return [wrong, `Discarding bogus packet from ${sender(received)}`];
  const discarding = `Discarding packet from ${sender(received)}`;
  switch (reason) {
    case 'ttl': {
      const { ttl = 0, maxHops = 0 } = session?.config ?? {};
      return [`Packet ${received.source.family === 'inet' ? 'ttl' : 'hop_limit'}(${received.ttl}) < ${ttl - maxHops} - discarding`];
    }
    case 'authentication':
      return [`${discarding} (auth bit is set, but no authentication is in use)`];
    case 'adminDown':
      return [`${discarding} (session is in AdminDown state)`];
    default:
      return [`${discarding} (session is not found - your discriminator field is ${hex(packet?.yourDiscriminator ?? 0)})`];
  }
}

const right = (value: number, width: number): string => String(value).padStart(width);

/** The table that -D shows when intervals change. */
export function parameterLines(session: Session): readonly string[] {
  const { config, desiredMinTxUs, requiredMinRxUs, remoteMinTxUs, remoteMinRxUs, remoteMultiplier } = session;
  const row = (who: string, minTx: number, minRx: number, tx: number, multiplier: number, detection: number): string =>
    `${' '.repeat(config.name.length + 2)} ${who} ${right(minTx, 8)} ${right(minRx, 7)} ${right(tx, 8)} ${right(multiplier, 5)} ${right(detection, 12)}`;
  const remoteTx = Math.max(requiredMinRxUs, remoteMinTxUs);
  return [
    `(${config.name}) ---------------< Session parameters >--------------`,
    `${' '.repeat(config.name.length + 2)}          min_tx  min_rx  tx_intv  mult  detect_time`,
    row('local ', desiredMinTxUs, requiredMinRxUs, transmitUs(session), config.multiplier, detectionUs(session)),
    row('remote', remoteMinTxUs, remoteMinRxUs, remoteTx, remoteMultiplier, remoteDetectionUs(session)),
  ];
}
