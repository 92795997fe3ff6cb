// A station of a cluster (cluster.ts) that speaks ESP by raw sockets, over IPv4 and IPv6: run with node inside one of its hosts.
//   serve NAME        answers each packet by NAME behind its SPI and number; `ready` when it listens
//   ask HOST OWN      a packet from OWN, again every second; a line `ANSWER from ADDRESS`, or `silence`

import { fileURLToPath } from 'node:url';
import type { Address, Family } from '../../src/model/address.js';
import { formatAddress } from '../../src/model/address-text.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { whenReadable } from '../../src/sys/readable.js';
import { RawReceiver, RawSender } from '../../src/sys/sockets/raw-socket.js';
import { concat } from '../../src/wire/bytes.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeIpv6 } from '../../src/wire/ipv6.js';
import { ip } from '../support/ip.js';

/** The command that runs this file. */
export const espStation = (...args: readonly string[]): readonly string[] => [process.execPath, fileURLToPath(import.meta.url), ...args];

/** SPI and sequence number (RFC 4303, 2). */
const HEADER = Uint8Array.of(0, 0, 0x10, 0x01, 0, 0, 0, 1);
const PATIENCE_MS = 60_000;
const RETRY_MS = 1000;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const senders = { inet: new RawSender('inet', '', 0), inet6: new RawSender('inet6', '', 0) } as const;

function send(source: Address, destination: Address, text: string): void {
  const packet = { protocol: IpProtocol.esp, source, destination, payload: concat(HEADER, new TextEncoder().encode(text)) };
  const { family } = destination;
  const whole = family === 'inet' ? encodeIpv4({ ...IPV4_DEFAULTS, flags: 2, ...packet }) : encodeIpv6({ hopLimit: 64, ...packet });
  senders[family].send(whole, destination);
}

function listen(family: Family, arrived: (text: string, source: Address, destination: Address) => void): void {
  const receiver = new RawReceiver(family, IpProtocol.esp, '');
  whenReadable(receiver.fd, () => {
    for (let next = receiver.receive(); next !== undefined; next = receiver.receive()) {
      const payload = family === 'inet' ? decodeIpv4(next.bytes)?.payload : next.bytes;
      if (payload !== undefined) arrived(new TextDecoder().decode(payload.slice(HEADER.length)), next.source, next.destination);
    }
  });
}

function serve(name: string): void {
  for (const family of ['inet', 'inet6'] as const) listen(family, (_, source, destination) => send(destination, source, name));
  print('ready');
}

function ask(host: Address, own: Address): void {
  const end = (text: string): never => {
    print(text);
    process.exit(0);
  };
  listen(host.family, (text, source) => end(`${text} from ${formatAddress(source)}`));
  send(own, host, 'question');
  setInterval(() => send(own, host, 'question'), RETRY_MS);
  setTimeout(() => end('silence'), PATIENCE_MS);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what, ...args] = process.argv.slice(2);
  if (what === 'serve') serve(args[0] ?? '');
  else ask(ip(args[0] ?? ''), ip(args[1] ?? ''));
}
