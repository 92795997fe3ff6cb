// What the helper for FTP knows of the live control connections that one packet may meet.

import { IpProtocol } from '../../../model/ip-protocol.js';
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { unlessCode } from '../../../sys/errno.js';
import { swap16 } from '../../../wire/bytes.js';
import type { Connection } from '../../memory/packets/connection.js';
import type { Endpoint } from '../../memory/packets/endpoint.js';
import { ETHERNET_BYTES } from '../../memory/packets/ethernet.js';
import { type FtpStream, unknownStream } from '../../memory/packets/ftp-stream.js';
import { endpointIn, FTP_TEXT_BYTES, type FtpLine, findLine } from '../../memory/packets/ftp-text.js';
import { addressOf, type Ip } from '../../memory/packets/ip.js';
import type { Packet } from '../../memory/packets/packet.js';
import { type Numbers, noNumbers, WORDS_AT } from '../../memory/packets/tcp-numbers.js';
import { FtpCommand, FtpKey, FtpStream as Stream } from '../ftp.gen.js';
import { FTP_LAST } from '../ftp-last.js';
import { packetWords } from '../table/record-address.js';
import { FTP_COMMANDS_PIN, FTP_STREAMS_PIN, type Tables } from '../table/tables.js';

/** By enum ftp_line. */
const LINES: readonly (FtpLine | undefined)[] = [undefined, 'pasv', 'epsv', 'port', 'eprt'];

const KEY = new Records(new ArrayBuffer(FtpKey.bytes), FtpKey.bytes);
/** Records are in memory of whole 64-bit words. */
const STREAM = new Records(new ArrayBuffer(Math.ceil(Stream.bytes / 8) * 8), Stream.bytes);

const COMMAND = new Records(new ArrayBuffer(FtpCommand.bytes), FtpCommand.bytes);

/** `service`: the number of its record. */
function keyOf({ client, virtual }: Connection, service: number): Uint8Array {
  new Uint8Array(KEY.memory).fill(0);
  const store = (field: typeof FtpKey.caddr | typeof FtpKey.vaddr, ip: Ip): void =>
    packetWords(addressOf(ip)).forEach((word, k) => {
      KEY.set(0, field, word, k);
    });
  store(FtpKey.caddr, client.address);
  store(FtpKey.vaddr, virtual.address);
  KEY.set(0, FtpKey.cport, swap16(client.port));
  KEY.set(0, FtpKey.vport, swap16(virtual.port));
  KEY.set(0, FtpKey.service, service);
  return new Uint8Array(KEY.memory);
}

/** What its client sends, where the helper gave it another length. */
function commandsIn(map: BpfMap | undefined, key: Uint8Array): Numbers {
  if (map?.lookup(key, new Uint8Array(COMMAND.memory)) !== true) return noNumbers();
  const { initSeq, delta, previousDelta } = FtpCommand;
  return { initSeq: COMMAND.get(0, initSeq), delta: COMMAND.get(0, delta) | 0, previousDelta: COMMAND.get(0, previousDelta) | 0 };
}

function streamIn(map: BpfMap, key: Uint8Array, commands: Numbers): FtpStream | undefined {
  const isKnown = map.lookup(key, new Uint8Array(STREAM.memory, 0, Stream.bytes));
  if (!isKnown) return commands.delta === 0 && commands.previousDelta === 0 ? undefined : { ...unknownStream(), commands };
  return {
    commands,
    line: STREAM.get(0, Stream.lines) === FTP_LAST.unknown ? undefined : STREAM.get(0, Stream.line),
    lineEnded: STREAM.get(0, Stream.lines) === FTP_LAST.ended,
    initSeq: STREAM.get(0, Stream.initSeq),
    delta: STREAM.get(0, Stream.delta) | 0,
    previousDelta: STREAM.get(0, Stream.previousDelta) | 0,
    replySeq: STREAM.get(0, Stream.replySeq),
    armed: LINES[STREAM.get(0, Stream.armed)],
    replied: LINES[STREAM.get(0, Stream.replied)],
  };
}

/** Gives connections what the helper knows of them. `numberOf`: of a connection's service, its record. */
export function loadFtpStreams(tables: Tables, connections: Iterable<Connection>, numberOf: (connection: Connection) => number): void {
  const map = unlessCode(() => tables.open(FTP_STREAMS_PIN), ['ENOENT'], undefined);
  if (map === undefined) return;
  const commands = unlessCode(() => tables.open(FTP_COMMANDS_PIN), ['ENOENT'], undefined);
  try {
    for (const connection of connections) {
      const key = keyOf(connection, numberOf(connection));
      const stream = streamIn(map, key, commandsIn(commands, key));
      if (stream !== undefined) connection.ftp = stream;
    }
  } finally {
    map.close();
    commands?.close();
  }
}

/** The client of the data connection that a command names; undefined: it names none. */
export function namedClient(
  frame: Uint8Array,
  { protocol, fragment, family, header, length }: Packet,
  source: Endpoint,
): Endpoint | undefined {
  if (protocol !== IpProtocol.tcp || fragment) return undefined;
  const l4 = ETHERNET_BYTES + header;
  const dataAt = l4 + ((frame[l4 + WORDS_AT] ?? 0) >> 4) * 4;
  const text = String.fromCharCode(...frame.subarray(dataAt, Math.min(dataAt + FTP_TEXT_BYTES, ETHERNET_BYTES + length)));
  const line = findLine(text, family, false);
  const named = line && endpointIn(text, line, family, false);
  return named && { address: source.address, port: named.port };
}
