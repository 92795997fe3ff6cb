// One echo request and its reply. A ping socket where ping_group_range allows it (man 7 icmp), else a raw one.
import { IpProtocol } from '../../model/ip-protocol.js';
import { echoReply, echoRequest } from '../../wire/echo.js';
import { hasCode } from '../errno.js';
import type { Fd } from '../fd.js';
import { type Client, type ClientEvents, type ClientOptions, openClient } from './client-socket.js';
import { SOCK } from './socket-address.js';
import { DatagramClient } from './udp-client.js';

const PROTOCOLS = { inet: IpProtocol.icmp, inet6: IpProtocol.icmpv6 } as const;
const DATA = new TextEncoder().encode('weir health check');

/** Reports the reply to its own request as `received`; other packets are ignored. */
export class PingClient implements Client {
  readonly #client: DatagramClient;
  #raw = false;

  /** `id`, `sequence`: 16 random bits each; the kernel puts its own id into those of a ping socket. @throws SystemError where no socket could be made */
  constructor(options: ClientOptions, { id, sequence }: { readonly id: number; readonly sequence: number }, events: ClientEvents) {
    const { family } = options.address;
    const request = echoRequest(family, { id, sequence, data: DATA });
    const received = (bytes: Uint8Array): void => {
      const reply = echoReply(family, bytes, this.#raw && family === 'inet');
      if (reply === undefined || reply.sequence !== sequence || (this.#raw && reply.id !== id)) return;
      events.received(reply.data);
    };
    const connected = (): void => {
      this.#client.send(request);
      events.connected();
    };
    // What connects has no port.
    const own = { ...options, port: 0 };
    this.#client = new DatagramClient(own, { ...events, connected, received }, () => this.#open(own));
  }

  #open(options: ClientOptions): Fd {
    const protocol = PROTOCOLS[options.address.family];
    try {
      return openClient(options, SOCK.datagram, protocol, 'check by ping');
    } catch (error) {
      if (!hasCode(error, 'EACCES')) throw error;
      this.#raw = true;
      return openClient(options, SOCK.raw, protocol, 'check by raw ping');
    }
  }

  /** The request is sent by itself. */
  send(): void {}

  close(): void {
    this.#client.close();
  }
}
