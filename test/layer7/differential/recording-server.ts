// A server of raw bytes: it keeps what each connection sent, and answers when a whole request is there.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { LENIENCIES, readMessages } from './lenient-readers.js';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';

/** The field by which a proxy names its client's port. */
export const ID_FIELD = 'X-Id';
const ID = /\r\nx-id: (\d+)\r\n/i;

export class RecordingServer {
  readonly #connections: string[] = [];

  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<RecordingServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const recording = new RecordingServer(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => recording.#serve(socket));
    return recording;
  }

  #serve(socket: Socket): void {
    const index = this.#connections.push('') - 1;
    let isAnswered = false;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      const text = (this.#connections[index] ?? '') + piece;
      this.#connections[index] = text;
      if (isAnswered || readMessages(text, LENIENCIES[0]!).messages.length === 0) return;
      isAnswered = true;
      socket.end(ANSWER);
    });
    socket.on('error', () => socket.destroy());
  }

  /** What connections sent for the client of a port, in their order. */
  of(port: number): readonly string[] {
    return this.#connections.filter((text) => Number(ID.exec(text)?.[1]) === port);
  }

  forget(): void {
    this.#connections.length = 0;
  }

  close(): void {
    this.server.close();
  }
}
