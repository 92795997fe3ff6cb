// Asks other hosts for their time of day by ICMP, which needs no service there and no way to the Internet.
import { type ClockOffset, type ClockSample, clockOffset } from '../control/tuning/clock-offset.js';
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { openClient } from '../sys/sockets/client-socket.js';
import { SOCK } from '../sys/sockets/socket-address.js';
import { DatagramClient } from '../sys/sockets/udp-client.js';
import { timestampReply, timestampRequest } from '../wire/icmp-timestamp.js';

const QUESTIONS = 4;
const PAUSE_MS = 50;
const WAIT_MS = 1000;
const DAY_MS = 86_400_000;

/** `silent`: no usable answer came. `unreachable`: why this host cannot ask. */
export type ClockAnswer =
  | ({ readonly kind: 'offset' } & ClockOffset)
  | { readonly kind: 'silent' }
  | { readonly kind: 'unreachable'; readonly why: string };

const timeOfDay = (): number => Date.now() % DAY_MS;

/** `address`: of IPv4; ICMPv6 has no such message. `id`: 16 random bits. @throws SystemError EPERM without CAP_NET_RAW */
export function probeClock(address: Address, id: number): Promise<ClockAnswer> {
  return new Promise((done, fail) => {
    const samples: ClockSample[] = [];
    const due = new Map<number, number>();
    const timers: NodeJS.Timeout[] = [];
    let client: DatagramClient | undefined;
    const end = (answer: ClockAnswer): void => {
      for (const timer of timers) clearTimeout(timer);
      client?.close();
      done(answer);
    };
    const ask = (sequence: number): void => {
      const originate = timeOfDay();
      due.set(sequence, originate);
      client?.send(timestampRequest({ id, sequence, originate }));
    };
    const finish = (): void => {
      const offset = clockOffset(samples);
      end(offset === undefined ? { kind: 'silent' } : { kind: 'offset', ...offset });
    };
    const received = (bytes: Uint8Array): void => {
      const arrivalMs = timeOfDay();
      const reply = timestampReply(bytes);
      const originateMs = reply === undefined || reply.id !== id ? undefined : due.get(reply.sequence);
      if (reply === undefined || originateMs === undefined || reply.originate !== originateMs) return;
      due.delete(reply.sequence);
      samples.push({ originateMs, receiveMs: reply.receive, transmitMs: reply.transmit, arrivalMs });
      if (samples.length === QUESTIONS) finish();
    };
    const connected = (): void => {
      for (let sequence = 0; sequence < QUESTIONS; sequence++) timers.push(setTimeout(ask, sequence * PAUSE_MS, sequence));
      timers.push(setTimeout(finish, QUESTIONS * PAUSE_MS + WAIT_MS));
    };
    const failed = (_phase: string, why: string): void => (samples.length > 0 ? finish() : end({ kind: 'unreachable', why }));
    const options = { address, port: 0 };
    try {
      client = new DatagramClient(options, { connected, received, ended: finish, failed }, () =>
        openClient(options, SOCK.raw, IpProtocol.icmp, 'time of day by ICMP'),
      );
    } catch (error) {
      fail(error);
    }
  });
}
