// A server of raw bytes that answers each target with what a script has for it, and goes on: a proxy may use its connections again.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What is asked last on each connection of a client, and its answer: a status that no other answer has. */
export const LAST_TARGET = '/end';
const LAST_ANSWER = 'HTTP/1.1 299 End\r\nContent-Length: 3\r\n\r\nend';

/** After an answer, how long the next request may take: then the connection ends, and with it an answer that lasts until then. */
const IDLE_MS = 25;
const HEAD_END = '\r\n\r\n';

export class ScriptedAnswers {
  readonly #answers = new Map<string, string>([[LAST_TARGET, LAST_ANSWER]]);

  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  static async start(): Promise<ScriptedAnswers> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const scripted = new ScriptedAnswers(server, (server.address() as AddressInfo).port);
    server.on('connection', (socket) => scripted.#serve(socket));
    return scripted;
  }

  /** Requests of the client have no body. */
  #serve(socket: Socket): void {
    let text = '';
    let idle: NodeJS.Timeout | undefined;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      text += piece;
      clearTimeout(idle);
      for (let end = text.indexOf(HEAD_END); end >= 0; end = text.indexOf(HEAD_END)) {
        const [, target = ''] = text.split(' ', 2);
        text = text.slice(end + HEAD_END.length);
        socket.write(this.#answers.get(target) ?? '', 'latin1');
      }
      idle = setTimeout(() => socket.end(), IDLE_MS);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clearTimeout(idle));
  }

  /** Each answer is that to its place in the list, as a target. */
  script(answers: readonly string[]): void {
    for (const [place, bytes] of answers.entries()) this.#answers.set(`/${place}`, bytes);
  }

  close(): void {
    this.server.close();
  }
}
