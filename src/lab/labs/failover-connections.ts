// The chats and downloads of the lab failover: what its clients hold open from the beginning to the end, and how it is counted.
import type { Step, WaitStep } from '../definition/lab.js';
import { DR_VIP, FULLNAT_VIP, NAT_VIP, PORT } from './failover-hosts.js';
import { run } from './steps.js';

/** Where each client's connections go. */
const CLIENTS = { client1: NAT_VIP, client2: DR_VIP, client3: FULLNAT_VIP } as const;
const NAMES = Object.keys(CLIENTS);
/** Opened by each client each time. */
const CHATS = 10;
/** Of the bytes of a download (src/lab/connections). */
const SHA256 = '0d413c054d254c7068c41248221e5686bc11cef9157576ce429914acb60e1313';

/** What the process that holds a client's connections answers; it takes 30 s for it at most. */
const ask = (path: string): string => `curl --max-time 40 'http://127.0.0.1:9000/${path}'`;
const asked = (on: string, path: string, ...contains: readonly string[]): Step => ({
  ...run(on, ask(path), { contains, lacks: ['lost: '] }),
  seconds: 60,
});

export const startClients: readonly Step[] = [
  ...Object.entries(CLIENTS).map(([on, vip]) => run(on, `weir lab hold ${vip} ${PORT} >hold.log 2>&1 &`)),
  ...NAMES.map((on): WaitStep => ({ kind: 'wait', on, command: ask('count'), seconds: 30, expect: { contains: ['0 of 0 chats'] } })),
];

const downloadsText = (count: number): string => (count === 1 ? '1 download' : `${count} downloads`);

/** The steps of one lab, in their order. */
export class FailoverConnections {
  #chats = 0;
  #downloads = 0;

  /** More of them at each client. */
  open(downloads: number): readonly Step[] {
    this.#chats += CHATS;
    this.#downloads += downloads;
    const expected = `${CHATS} chats and ${downloadsText(downloads)} were opened`;
    return NAMES.map((on) => asked(on, `open?chats=${CHATS}&downloads=${downloads}`, expected));
  }

  goOn(): readonly Step[] {
    return NAMES.map((on) => asked(on, 'count', `${this.#all} go on`));
  }

  end(): readonly Step[] {
    return NAMES.map((on) => asked(on, 'end', `${this.#all} came to their end`, SHA256));
  }

  get #all(): string {
    return `${this.#chats} of ${this.#chats} chats and ${this.#downloads} of ${downloadsText(this.#downloads)}`;
  }
}
