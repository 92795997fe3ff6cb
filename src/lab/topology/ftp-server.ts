// The FTP server of labs, as far as curl(1) speaks it (RFC 959, RFC 2428): one file, read by anyone, by active and passive data connections.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onLines } from '../connections/lines.js';

export interface FtpSite {
  readonly host: string;
  /** The greeting, and the text of every file. */
  readonly body: string;
  /** A file was handed out, or taken. */
  readonly served: (client: string) => void;
}

/** How long a data connection may be waited for. */
const DATA_WAIT_MS = 10_000;

/** Makes the data connection of the next transfer. */
type Data = () => Promise<Socket>;

/** `h1,h2,h3,h4,p1,p2` of RFC 959, for an IPv4 address. */
const hostPort = (address: string, port: number): string => [...address.split('.'), port >> 8, port & 0xff].join(',');

function fromHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const numbers = text.split(',').map(Number);
  const [high = 0, low = 0] = numbers.slice(4);
  if (numbers.length !== 6 || numbers.some((each) => !Number.isInteger(each) || each < 0 || each > 255)) return undefined;
  return { host: numbers.slice(0, 4).join('.'), port: high * 256 + low };
}

/** `|1|192.0.2.1|5000|` of RFC 2428. */
function fromExtended(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^\|[12]\|([^|]+)\|(\d{1,5})\|$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

const opened = (socket: Socket): Promise<Socket> =>
  new Promise((done, fail) => {
    socket.once('error', fail);
    socket.once('connect', () => done(socket));
  });

/** One control connection. Commands are answered in order; its end ends what it opened. */
class FtpSession {
  #data: Data | undefined;
  #passive: Server | undefined;

  constructor(
    readonly control: Socket,
    readonly site: FtpSite,
  ) {
    control.on('close', () => this.#passive?.close());
    this.#send(`220 ${site.body}`);
  }

  #send(text: string): void {
    if (this.control.writable) this.control.write(`${text}\r\n`, 'latin1');
  }

  async line(text: string): Promise<void> {
    const [verb = '', ...words] = text.trim().split(/\s+/);
    const argument = words.join(' ');
    switch (verb.toUpperCase()) {
      case 'USER':
        return this.#send('331 any password');
      case 'PASS':
        return this.#send('230 welcome');
      case 'PWD':
        return this.#send('257 "/"');
      case 'TYPE':
      case 'NOOP':
        return this.#send('200 OK');
      case 'CWD':
        return this.#send('250 OK');
      case 'SIZE':
        return this.#send(`213 ${this.site.body.length + 1}`);
      case 'PASV':
      case 'EPSV':
        return this.#listen(verb.toUpperCase() === 'EPSV');
      case 'PORT':
        return this.#connectTo(fromHostPort(argument));
      case 'EPRT':
        return this.#connectTo(fromExtended(argument));
      case 'RETR':
        return this.#transfer(`${this.site.body}\n`);
      case 'LIST':
      case 'NLST':
        return this.#transfer('welcome.txt\r\n');
      case 'STOR':
        return this.#transfer(undefined);
      case 'QUIT':
        this.#send('221 goodbye');
        this.control.end();
        return;
      default:
        return this.#send('502 not known here');
    }
  }

  /** A port at the address that the client has reached, which with VS/DR is the virtual one. */
  #listen(extended: boolean): Promise<void> {
    const { localAddress = '0.0.0.0' } = this.control;
    this.#passive?.close();
    const server = createServer();
    this.#passive = server;
    // The client may connect before it asks for a file.
    const came = new Promise<Socket>((done) => {
      server.once('connection', done);
    });
    this.#data = () =>
      new Promise((done, fail) => {
        const limit = setTimeout(() => fail(new Error('no data connection')), DATA_WAIT_MS);
        void came.then((socket) => {
          clearTimeout(limit);
          done(socket);
        });
      });
    return new Promise((done) => {
      server.listen({ host: localAddress, port: 0 }, () => {
        const bound = server.address();
        const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
        this.#send(
          extended ? `229 Entering Extended Passive Mode (|||${port}|)` : `227 Entering Passive Mode (${hostPort(localAddress, port)})`,
        );
        done();
      });
    });
  }

  /** From port 20, as FTP servers do, to the client's own address alone: not to whatever host it names. */
  #connectTo(target: { readonly host: string; readonly port: number } | undefined): void {
    const { localAddress, localPort = 21, remoteAddress } = this.control;
    if (target === undefined || target.host !== remoteAddress) {
      this.#send('501 not your address');
      return;
    }
    const from = localAddress === undefined ? {} : { localAddress };
    this.#data = () => opened(connect({ ...target, ...from, localPort: localPort - 1 }));
    this.#send('200 OK');
  }

  /** @param text what is sent; absent: what comes is taken, and forgotten. */
  async #transfer(text: string | undefined): Promise<void> {
    const open = this.#data;
    this.#data = undefined;
    if (open === undefined) return this.#send('425 PASV or PORT first');
    this.#send('150 opening the data connection');
    try {
      const data = await open();
      await new Promise<void>((done, fail) => {
        data.once('error', fail).once('close', () => done());
        data.resume();
        if (text !== undefined) data.end(text, 'latin1');
        else data.once('end', () => data.end());
      });
      this.site.served(this.control.remoteAddress ?? '-');
      this.#send('226 done');
    } catch {
      this.#send('425 no data connection');
    } finally {
      this.#passive?.close();
    }
  }
}

/** A server that does not listen yet. */
export function ftpServer(site: FtpSite): Server {
  return createServer((control) => {
    const session = new FtpSession(control, site);
    let before: Promise<void> = Promise.resolve();
    onLines(control, (line) => {
      before = before.then(() => session.line(line));
    });
  });
}
