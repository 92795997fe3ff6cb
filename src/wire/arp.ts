// ARP over Ethernet for IPv4 (RFC 826; probes and announcements: RFC 5227).
//
//      0               1               2               3
//     +-------------------------------+-------------------------------+
//     |      hardware type = 1        |    protocol type = 0x0800     |
//     +---------------+---------------+-------------------------------+
//     | hw length = 6 | pr length = 4 |           operation           |
//     +---------------+---------------+-------------------------------+
//     |     sender MAC (6)            :      sender address (4)       |
//     |     target MAC (6)            :      target address (4)       |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, viewOf } from './bytes.js';
import { type Mac, macBytes, macText } from './ethernet.js';

export interface ArpMessage {
  readonly operation: 'request' | 'reply';
  readonly senderMac: Mac;
  readonly senderAddress: Address;
  readonly targetMac: Mac;
  readonly targetAddress: Address;
}

const FIXED_HEADER = Uint8Array.of(0, 1, 8, 0, 6, 4);

/** 28 bytes. @throws RangeError for an address that is not IPv4 or a malformed MAC */
export function encodeArp(message: ArpMessage): Uint8Array {
  if (message.senderAddress.family !== 'inet' || message.targetAddress.family !== 'inet') {
    throw new RangeError('ARP carries IPv4 addresses');
  }
  return concat(
    FIXED_HEADER,
    Uint8Array.of(0, message.operation === 'request' ? 1 : 2),
    macBytes(message.senderMac),
    encodeAddress(message.senderAddress),
    macBytes(message.targetMac),
    encodeAddress(message.targetAddress),
  );
}

/** The message, or undefined for other hardware, other protocols, other operations or too few bytes. */
export function decodeArp(bytes: Uint8Array): ArpMessage | undefined {
  if (bytes.length < 28 || FIXED_HEADER.some((byte, index) => bytes[index] !== byte)) return undefined;
  const operation = viewOf(bytes).getUint16(6);
  const senderAddress = decodeAddress(bytes.subarray(14, 18));
  const targetAddress = decodeAddress(bytes.subarray(24, 28));
  if ((operation !== 1 && operation !== 2) || senderAddress === undefined || targetAddress === undefined) return undefined;
  return {
    operation: operation === 1 ? 'request' : 'reply',
    senderMac: macText(bytes.subarray(8, 14)),
    senderAddress,
    targetMac: macText(bytes.subarray(18, 24)),
    targetAddress,
  };
}
