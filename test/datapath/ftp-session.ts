// A client of FTP that stays: run with node inside a host of a cluster. One session in which it asks for a passive data connection and fetches a file by
// it, again and again: node ftp-session.js HOST FILE BYTES
//   `begun` after the first file; on SIGTERM it fetches one more, and prints how many came whole, of how many: `WHOLE of FETCHED`
// The text of each reply is of another length behind VS/NAT, so that from the first one on all numbers of the control connection are shifted.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The command that runs this file. */
export const ftpSession = (...args: readonly (string | number)[]): readonly string[] => [
  process.execPath,
  fileURLToPath(import.meta.url),
  ...args.map(String),
];

const PORT = 21;

class Session {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(readonly host: string) {
    this.#socket = createConnection({ host, port: PORT });
    const lines: Interface = createInterface({ input: this.#socket });
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** The reply to a command, or the greeting: its last line. @throws Error where it has another code, or the connection ended */
  async ask(command: string, code: string): Promise<string> {
    if (command !== '') this.#socket.write(`${command}\r\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`the control connection ended after ${command}`);
      if (!/^\d{3} /.test(value)) continue;
      if (value.startsWith(code)) return value;
      throw new Error(`${command}: ${value}`);
    }
  }

  /** By PASV, and the next one by EPSV. Its bytes. */
  async fetch(file: string, extended: boolean): Promise<number> {
    const reply = extended ? await this.ask('EPSV', '229') : await this.ask('PASV', '227');
    const numbers = (/\(([\d,|]+)\)/.exec(reply)?.[1] ?? '').match(/\d+/g)?.map(Number) ?? [];
    const [high = 0, low = 0] = numbers.slice(-2);
    const address = extended ? this.host : numbers.slice(0, 4).join('.');
    const data = createConnection({ host: address, port: extended ? low || high : high * 256 + low });
    let bytes = 0;
    data.on('data', (chunk) => {
      bytes += chunk.length;
    });
    const ended = once(data, 'close');
    await this.ask(`RETR ${file}`, '150');
    await ended;
    await this.ask('', '226');
    return bytes;
  }
}

async function main([host = '', file = '', bytes = '']: readonly string[]): Promise<void> {
  const session = new Session(host);
  let ending = false;
  process.on('SIGTERM', () => {
    ending = true;
  });
  await session.ask('', '220');
  await session.ask('USER ftp', '331').catch((error: unknown) => {
    if (!String(error).includes('230')) throw error;
  });
  await session.ask('PASS x', '230').catch(() => undefined);
  await session.ask('TYPE I', '200');
  let [whole, fetched] = [0, 0];
  for (let last = false; !last; ) {
    last = ending;
    fetched += 1;
    if ((await session.fetch(file, fetched % 2 === 0)) === Number(bytes)) whole += 1;
    if (fetched === 1) process.stdout.write('begun\n');
  }
  process.stdout.write(`${whole} of ${fetched}\n`);
  process.exit(0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
