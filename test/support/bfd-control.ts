// A plain BFD control packet (RFC 5880 §4.1), of which tests change one field.
import type { BfdControl } from '../../src/wire/bfd.js';

/** Of a session that is down and has not received anything. */
export const plainControl: BfdControl = {
  version: 1,
  diagnostic: 0,
  state: 'down',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  authenticated: false,
  demand: false,
  multipoint: false,
  multiplier: 5,
  length: 24,
  myDiscriminator: 7,
  yourDiscriminator: 0,
  desiredMinTxUs: 1_000_000,
  requiredMinRxUs: 10_000,
  requiredMinEchoRxUs: 0,
};
