// A server of raw bytes that keeps what each connection sent, by the client that it was sent for, and answers when a whole request is there.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { LENIENCIES, readMessages } from './lenient-readers.js';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

/** The field by which a proxy names its client's address. */
export const ID_FIELD = 'X-Id';
const ID = /\r\nx-id: ([\d.]+)\r\n/i;

interface Received {
  text: string;
}

export class RecordedRequests {
  readonly #byClient = new Map<string, Received[]>();

  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<RecordedRequests> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const recorded = new RecordedRequests(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => recorded.#serve(socket));
    return recorded;
  }

  #serve(socket: Socket): void {
    const received: Received = { text: '' };
    let isKnown = false;
    let isAnswered = false;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      received.text += piece;
      if (!isKnown) isKnown = this.#know(received);
      if (isAnswered || readMessages(received.text, LENIENCIES[0]!).messages.length === 0) return;
      isAnswered = true;
      socket.end(ANSWER);
    });
    socket.on('error', () => socket.destroy());
  }

  /** False: its head is not there yet. */
  #know(received: Received): boolean {
    const [, client] = ID.exec(received.text) ?? [];
    if (client === undefined) return false;
    const others = this.#byClient.get(client);
    if (others === undefined) this.#byClient.set(client, [received]);
    else others.push(received);
    return true;
  }

  /** What connections sent for a client, in their order. It is kept no longer. */
  take(client: string): readonly string[] {
    const all = this.#byClient.get(client) ?? [];
    this.#byClient.delete(client);
    return all.map(({ text }) => text);
  }

  close(): void {
    this.server.close();
  }
}
