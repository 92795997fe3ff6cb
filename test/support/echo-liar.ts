// A program: makes one attempt of PING_CHECK while a liar on the same host, whose kernel answers no echo, answers by its words.
// Words: the address asked, the address that the answer comes from, what is added to its sequence number, for how many seconds an answer is
// waited for. Prints the outcome.

import { IpProtocol } from '../../src/model/ip-protocol.js';
import { native } from '../../src/sys/addon.js';
import type { PollHandle } from '../../src/sys/native.js';
import { POLLIN } from '../../src/sys/readable.js';
import { AF, SOCK, socketAddress } from '../../src/sys/sockets/socket-address.js';
import { decodeIcmp, encodeIcmp, IcmpType } from '../../src/wire/icmp.js';
import { attempt } from './hostile.js';
import { ip } from './ip.js';

const HEADER_BYTES = 20;
const [asked = '', source = '', added = '0', seconds = '1'] = process.argv.slice(2);

const raw = (): number => native().socket(AF.inet, SOCK.raw, IpProtocol.icmp);
const [listening, sending] = [raw(), raw()];
native().bind(sending, socketAddress(ip(source)));
const buffer = new Uint8Array(2048);
const poll: PollHandle = native().pollStart(listening, POLLIN, () => {
  const from = new Uint8Array(16);
  const length = native().recvfrom(listening, buffer, from);
  const message = decodeIcmp(buffer.subarray(HEADER_BYTES, length));
  if (message?.type !== IcmpType.echo) return;
  const { rest, body } = message;
  const sequence = ((rest & 0xffff) + Number(added)) & 0xffff;
  native().sendto(sending, encodeIcmp({ type: IcmpType.echoReply, code: 0, rest: ((rest & 0xffff0000) | sequence) >>> 0, body }), from);
});
const outcome = await attempt({ kind: 'ping' }, 0, {
  target: { address: ip(asked), port: 0 },
  connectTimeoutUs: Number(seconds) * 1_000_000,
});
native().pollStop(poll);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
