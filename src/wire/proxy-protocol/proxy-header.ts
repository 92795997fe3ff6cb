// The PROXY protocol's header, versions 1 and 2 (HAProxy's proxy-protocol.txt): who the client is, before the first byte of its connection.
// A receiver takes it where it is configured and nowhere else, whole before anything after it, and refuses every deviation.
import type { Address } from '../../model/address.js';
import { formatAddress, parseIpv4, parseIpv6 } from '../../model/address-text.js';
import { decodeAddress, encodeAddress } from '../address-bytes.js';
import { bytesOfText, concat, viewOf } from '../bytes.js';
import { crc32cAround } from '../crc32c.js';

/** Both ends of the client's connection. */
export interface ProxiedConnection {
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  readonly destinationPort: number;
}

/** `length`: bytes of the header. Without a connection (LOCAL, UNKNOWN, families without ports) that of the socket counts. */
export type ProxyHeaderRead =
  | { readonly kind: 'header'; readonly length: number; readonly connection: ProxiedConnection | undefined }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly cause: string };

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const HEAD_BYTES = 16;
const LINE_MAX_BYTES = 107;
/** Addresses of unix sockets take 216; no sender needs more for its values. */
const REST_MAX_BYTES = 2048;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP_4 = 0x11;
const TCP_6 = 0x21;
const TLV_CRC32C = 0x03;
const LETTER_P = 80;
const PORT = /^(?:0|[1-9]\d{0,4})$/;
const PORT_MAX = 65_535;

const incomplete: ProxyHeaderRead = { kind: 'incomplete' };
const invalid = (cause: string): ProxyHeaderRead => ({ kind: 'invalid', cause });

const portOf = (text: string | undefined): number | undefined =>
  text !== undefined && PORT.test(text) && Number(text) <= PORT_MAX ? Number(text) : undefined;

function readLine(line: string, length: number): ProxyHeaderRead {
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { kind: 'header', length, connection: undefined };
  const [word, family, from, to, fromPort, toPort, ...rest] = line.split(' ');
  const parse = family === 'TCP4' ? parseIpv4 : family === 'TCP6' ? parseIpv6 : undefined;
  const source = parse?.(from ?? '');
  const destination = parse?.(to ?? '');
  const sourcePort = portOf(fromPort);
  const destinationPort = portOf(toPort);
  if (word !== 'PROXY' || !source || !destination || sourcePort === undefined || destinationPort === undefined || rest.length > 0)
    return invalid('the line of version 1 is not PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT');
  return { kind: 'header', length, connection: { source, sourcePort, destination, destinationPort } };
}

function readVersion1(bytes: Uint8Array): ProxyHeaderRead {
  const end = bytes.subarray(0, LINE_MAX_BYTES).indexOf(10);
  if (end < 0) return bytes.length < LINE_MAX_BYTES ? incomplete : invalid('the line of version 1 is longer than 107 bytes');
  if (end < 1 || bytes[end - 1] !== 13) return invalid('the line of version 1 does not end with CRLF');
  return readLine(String.fromCharCode(...bytes.subarray(0, end - 1)), end + 1);
}

/** Values behind the addresses. Why they are refused; undefined: they are not. */
function valuesFault(header: Uint8Array, from: number): string | undefined {
  const view = viewOf(header);
  for (let at = from; at < header.length; ) {
    const end = at + 3 <= header.length ? at + 3 + view.getUint16(at + 1) : Number.POSITIVE_INFINITY;
    if (end > header.length) return 'a value of version 2 goes beyond the header';
    if (header[at] === TLV_CRC32C && (end - at !== 7 || crc32cAround(header, at + 3) !== view.getUint32(at + 3)))
      return 'the CRC32C of version 2 is wrong';
    at = end;
  }
  return undefined;
}

function readAddresses(header: Uint8Array, bytes: number): ProxiedConnection | undefined {
  const view = viewOf(header);
  const ports = HEAD_BYTES + 2 * bytes;
  const source = decodeAddress(header.slice(HEAD_BYTES, HEAD_BYTES + bytes));
  const destination = decodeAddress(header.slice(HEAD_BYTES + bytes, ports));
  if (!source || !destination) return undefined;
  return { source, sourcePort: view.getUint16(ports), destination, destinationPort: view.getUint16(ports + 2) };
}

function readVersion2(bytes: Uint8Array): ProxyHeaderRead {
  if (SIGNATURE.some((byte, index) => index < bytes.length && bytes[index] !== byte)) return invalid('no header of the PROXY protocol');
  if (bytes.length < HEAD_BYTES) return incomplete;
  const command = bytes[12];
  if (command !== LOCAL && command !== PROXY) return invalid('the version or the command is neither LOCAL nor PROXY of version 2');
  const rest = viewOf(bytes).getUint16(14);
  if (rest > REST_MAX_BYTES) return invalid(`version 2 with more than ${REST_MAX_BYTES} bytes`);
  const length = HEAD_BYTES + rest;
  if (bytes.length < length) return incomplete;
  if (command === LOCAL) return { kind: 'header', length, connection: undefined };
  const addressBytes = bytes[13] === TCP_4 ? 4 : bytes[13] === TCP_6 ? 16 : 0;
  if (addressBytes === 0) return { kind: 'header', length, connection: undefined };
  const values = HEAD_BYTES + 2 * addressBytes + 4;
  if (values > length) return invalid('version 2 is too short for its addresses');
  const fault = valuesFault(bytes.slice(0, length), values);
  if (fault !== undefined) return invalid(fault);
  return { kind: 'header', length, connection: readAddresses(bytes, addressBytes) };
}

/** Reads the header that `bytes` begin with; of either version. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeaderRead {
  if (bytes.length === 0) return incomplete;
  return bytes[0] === LETTER_P ? readVersion1(bytes) : readVersion2(bytes);
}

const bothOf = ({ source, destination }: ProxiedConnection): boolean => source.family === destination.family;

/** Version 1; `PROXY UNKNOWN` where the ends are of two families. */
export function proxyLine(connection: ProxiedConnection): Uint8Array {
  const { source, sourcePort, destination, destinationPort } = connection;
  const family = source.family === 'inet' ? 'TCP4' : 'TCP6';
  const text = bothOf(connection)
    ? `PROXY ${family} ${formatAddress(source)} ${formatAddress(destination)} ${sourcePort} ${destinationPort}\r\n`
    : 'PROXY UNKNOWN\r\n';
  return bytesOfText(text);
}

/** Version 2; LOCAL where the ends are of two families. */
export function proxyHeader(connection: ProxiedConnection): Uint8Array {
  const { source, sourcePort, destination, destinationPort } = connection;
  if (!bothOf(connection)) return concat(SIGNATURE, Uint8Array.of(LOCAL, 0, 0, 0));
  const addresses = concat(encodeAddress(source), encodeAddress(destination));
  const ports = Uint8Array.of(sourcePort >>> 8, sourcePort & 255, destinationPort >>> 8, destinationPort & 255);
  const family = source.family === 'inet' ? TCP_4 : TCP_6;
  return concat(SIGNATURE, Uint8Array.of(PROXY, family, 0, addresses.length + 4), addresses, ports);
}
