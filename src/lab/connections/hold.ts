// `weir lab hold ADDRESS PORT`: a client's connections to a chat server that stay open while a lab goes on. Steps ask it by HTTP, at its host alone.
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { counted } from '../../model/counted.js';
import { Chat } from './chat.js';
import type { HeldConnection } from './connection.js';
import { Download } from './download.js';

const CONTROL = { host: '127.0.0.1', port: 9000 } as const;
/** 512 s at the pace at which it is read. */
const DOWNLOAD_BYTES = 134_217_728;
/** A connection that has made no progress for so long is lost. */
const PROGRESS_MS = 30_000;

const limit = (): Promise<void> => delay(PROGRESS_MS, undefined, { ref: false });
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export class Holder {
  readonly #held: HeldConnection[] = [];

  constructor(
    readonly address: string,
    readonly port: number,
    readonly bytes = DOWNLOAD_BYTES,
  ) {}

  get #chats(): readonly Chat[] {
    return this.#held.filter((each) => each instanceof Chat);
  }

  /** `20 of 20 chats and 1 of 1 downloads`: those of all that `are` so. */
  #shares(are: (each: HeldConnection) => boolean): string {
    const share = (kind: HeldConnection['kind']): string => {
      const all = this.#held.filter((each) => each.kind === kind);
      return `${all.filter(are).length} of ${counted(all.length, kind)}`;
    };
    return `${share('chat')} and ${share('download')}`;
  }

  #failures(): string {
    return this.#held.flatMap(({ name, failure }) => (failure === '' ? [] : [`lost: ${name}: ${failure}\n`])).join('');
  }

  async open(chats: number, downloads: number): Promise<string> {
    const { address, port, bytes } = this;
    const more = [
      ...Array.from({ length: chats }, () => new Chat(address, port)),
      ...Array.from({ length: downloads }, () => new Download(address, port, bytes)),
    ];
    this.#held.push(...more);
    await Promise.race([Promise.all(more.map(({ begun }) => begun)), limit()]);
    const open = (kind: HeldConnection['kind']): string =>
      counted(more.filter((each) => each.kind === kind && each.progress > 0 && each.failure === '').length, kind);
    const servers = [...new Set(this.#chats.map(({ server }) => server))].sort();
    return `${open('chat')} and ${open('download')} were opened, the chats are with ${servers.join(', ')}\n${this.#failures()}`;
  }

  /** Each must make progress from now on. */
  async count(): Promise<string> {
    const marks = new Map(this.#held.map((each) => [each, each.progress + each.enough]));
    const goesOn = (each: HeldConnection): boolean => each.failure === '' && each.progress >= (marks.get(each) ?? 0);
    const until = performance.now() + PROGRESS_MS;
    while (performance.now() < until && !this.#held.every((each) => each.failure !== '' || goesOn(each))) await delay(50);
    const sum = (kind: HeldConnection['kind']): number =>
      this.#held.reduce((all, each) => all + (each.kind === kind ? each.progress : 0), 0);
    const longest = Math.max(0, ...this.#chats.filter(goesOn).map((chat) => chat.longestMs));
    for (const chat of this.#chats) chat.longestMs = 0;
    return [
      `${this.#shares(goesOn)} go on\n`,
      `${sum('chat')} lines were answered, ${sum('download')} bytes came as they are known; an answer took ${seconds(longest)} at most\n`,
      this.#failures(),
    ].join('');
  }

  async end(): Promise<string> {
    await Promise.race([Promise.all(this.#held.map((each) => each.end())), limit()]);
    const sums = new Set(this.#held.flatMap((each) => (each instanceof Download ? [each.sha256] : [])));
    return [
      `${this.#shares(({ isOver }) => isOver)} came to their end\n`,
      ...[...sums].map((sum) => `${this.bytes} bytes, SHA-256 ${sum}\n`),
      this.#failures(),
    ].join('');
  }
}

const COUNT = /^\d{1,5}$/;

/** Answers requests until the process ends. @throws Error where another process listens there */
export function hold(address: string, port: number): Promise<never> {
  const holder = new Holder(address, port);
  const answer = ({ pathname, searchParams }: URL): Promise<string> | undefined => {
    const [chats, downloads] = ['chats', 'downloads'].map((name) => searchParams.get(name) ?? '0') as [string, string];
    if (pathname === '/open' && COUNT.test(chats) && COUNT.test(downloads)) return holder.open(Number(chats), Number(downloads));
    if (pathname === '/count') return holder.count();
    if (pathname === '/end') return holder.end();
    return undefined;
  };
  const server = createServer((request, response) => {
    const text = answer(new URL(request.url ?? '/', 'http://localhost'));
    response.writeHead(text === undefined ? 404 : 200, { 'Content-Type': 'text/plain' });
    void (text ?? Promise.resolve('no such request\n')).then((body) => response.end(body));
  });
  return new Promise((_, fail) => {
    server.on('error', fail).listen(CONTROL);
  });
}
