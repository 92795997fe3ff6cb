// BFD control packets (RFC 5880 §4.1), without an authentication section: keepalived has none.
//
//      0               1               2               3
//     +---+-----------+---+-+-+-+-+-+-+---------------+---------------+
//     |ver| diagnostic|sta|P|F|C|A|D|M| detect mult   |    length     |
//     +---+-----------+---+-+-+-+-+-+-+---------------+---------------+
//     |                      my discriminator                         |
//     |                      your discriminator                       |
//     |                      desired min TX interval (µs)             |
//     |                      required min RX interval (µs)            |
//     |                      required min echo RX interval (µs)       |
//     +---------------------------------------------------------------+
import { viewOf } from './bytes.js';

/** Destination ports: RFC 5881 §4 (one hop), RFC 5883 §5 (several). */
export const BFD_PORTS = { single: 3784, multihop: 4784 } as const;
export type BfdPort = keyof typeof BFD_PORTS;
/** Source ports, RFC 5881 §4. */
export const BFD_SOURCE_PORTS = { first: 49152, last: 65535 } as const;

export const BFD_VERSION = 1;
export const BFD_BYTES = 24;

/** In the order of their numbers. */
export const BFD_STATES = ['adminDown', 'down', 'init', 'up'] as const;
export type BfdState = (typeof BFD_STATES)[number];

/** RFC 5880 §4.1's reasons for the last change of state, in the order of their numbers. */
export const BFD_DIAGNOSTICS = [
  'No Diagnostic',
  'Control Detection Time Expired',
  'Echo Function Failed',
  'Neighbor Signaled Session Down',
  'Forwarding Plane Reset',
  'Path Down',
  'Concatenated Path Down',
  'Administratively Down',
  'Reverse Concatenated Path Down',
] as const;
export type BfdDiagnostic = (typeof BFD_DIAGNOSTICS)[number];

export interface BfdControl {
  readonly version: number;
  /** 0..31; BFD_DIAGNOSTICS names the first. */
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  readonly controlPlaneIndependent: boolean;
  /** An authentication section follows. */
  readonly authenticated: boolean;
  readonly demand: boolean;
  readonly multipoint: boolean;
  readonly multiplier: number;
  /** The field's value; encoding needs 24. */
  readonly length: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  readonly requiredMinEchoRxUs: number;
}

/** The flags of the second byte, by their bits. */
const FLAGS = { poll: 32, final: 16, controlPlaneIndependent: 8, authenticated: 4, demand: 2, multipoint: 1 } as const;

export function encodeBfd(packet: BfdControl): Uint8Array {
  const out = new Uint8Array(BFD_BYTES);
  const view = viewOf(out);
  out[0] = (packet.version << 5) | packet.diagnostic;
  out[1] =
    (BFD_STATES.indexOf(packet.state) << 6) |
    Object.entries(FLAGS).reduce((flags, [name, bit]) => (packet[name as keyof typeof FLAGS] ? flags | bit : flags), 0);
  out[2] = packet.multiplier;
  out[3] = packet.length;
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTxUs);
  view.setUint32(16, packet.requiredMinRxUs);
  view.setUint32(20, packet.requiredMinEchoRxUs);
  return out;
}

/** The fields, not validated; undefined: fewer than 24 bytes. Bytes after the 24th are ignored. */
export function decodeBfd(bytes: Uint8Array): BfdControl | undefined {
  if (bytes.length < BFD_BYTES) return undefined;
  const view = viewOf(bytes);
  const [first, second] = [view.getUint8(0), view.getUint8(1)];
  const flag = (name: keyof typeof FLAGS): boolean => (second & FLAGS[name]) !== 0;
  return {
    version: first >> 5,
    diagnostic: first & 31,
    state: BFD_STATES[second >> 6] ?? 'adminDown',
    poll: flag('poll'),
    final: flag('final'),
    controlPlaneIndependent: flag('controlPlaneIndependent'),
    authenticated: flag('authenticated'),
    demand: flag('demand'),
    multipoint: flag('multipoint'),
    multiplier: view.getUint8(2),
    length: view.getUint8(3),
    myDiscriminator: view.getUint32(4),
    yourDiscriminator: view.getUint32(8),
    desiredMinTxUs: view.getUint32(12),
    requiredMinRxUs: view.getUint32(16),
    requiredMinEchoRxUs: view.getUint32(20),
  };
}
