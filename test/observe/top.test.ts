// weir top in a real terminal (tmux) on a director with traffic: what it draws, at any size, by any key, and that it leaves the terminal as it was.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { asked, type Cluster, inCluster, ipvsadm, ok, serving, shared, until, VIP } from '../datapath/cluster.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('tmux') };
const inSame = shared(inCluster);
const SERVERS = ['10.8.2.11', '10.8.2.12'] as const;
const QUESTIONS = 40;

/** A server of tmux with one window, in which a shell runs `weir top` and then stays. */
class Terminal {
  readonly #socket: string;

  constructor(
    { bed, lvs }: Cluster,
    readonly columns: number,
    readonly rows: number,
  ) {
    this.#socket = `weir-top-${lvs.namespace}-${columns}`;
    bed.undo(() => this.#run('kill-server'));
    const top = `${process.execPath} ${ENTRY} weir top; echo ended $?; stty -a | tr ';' '\\n' | grep -E 'icanon|echo '; exec sleep 600`;
    const inside = `exec ip netns exec ${lvs.namespace} sh -c "${top.replaceAll('$', '\\$')}"`;
    this.#run('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), `echo before; ${inside}`);
  }

  /** Without blanks at the ends of lines. */
  get lines(): readonly string[] {
    return this.#run('capture-pane', '-p').split('\n').slice(0, -1);
  }

  /** Whether the cursor is shown, and whether a screen of its own is open. */
  get flags(): string {
    return this.#run('display-message', '-p', '#{cursor_flag} #{alternate_on}').trim();
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  type(key: string): void {
    this.#run('send-keys', key);
  }

  #run(...args: readonly string[]): string {
    const { stdout, stderr, status } = spawnSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
}

async function prepared(cluster: Cluster): Promise<void> {
  const { lvs, web1, web2 } = cluster;
  for (const web of [web1, web2]) await serving(cluster, web);
  ipvsadm(lvs, `-A -u ${VIP}:80 -s rr`, ...SERVERS.map((server) => `-a -u ${VIP}:80 -r ${server}:80 -m`), `-A -t ${VIP}:443 -s wlc`);
}

/** While new connections come. */
const underTraffic = (cluster: Cluster, terminal: Terminal, right: (lines: readonly string[]) => boolean): Promise<readonly string[]> =>
  until(() => {
    asked(cluster.client, 'udp', VIP, 80, QUESTIONS);
    return terminal.lines;
  }, right);

const rowOf = (lines: readonly string[], name: string): readonly string[] =>
  (lines.find((line) => line.trimStart().startsWith(name)) ?? '').trim().split(/\s+/);

test('rates under traffic; sorted by keys; after a resize; Ctrl-C leaves the terminal as it was', on, async () => {
  await inSame(async (cluster) => {
    await prepared(cluster);
    const terminal = new Terminal(cluster, 110, 20);
    const isBusy = (lines: readonly string[]): boolean =>
      Number(rowOf(lines, `UDP ${VIP}:80`)[3] ?? 0) > 0 && [4, 5].every((rate) => Number(rowOf(lines, SERVERS[0])[rate] ?? 0) > 0);
    const busy = await underTraffic(cluster, terminal, isBusy);
    assert.equal(terminal.flags, '0 1', 'no cursor, a screen of its own');
    assert.match(busy[0] ?? '', /^weir top {2}\d\d:\d\d:\d\d {2}2 services, 2 servers/);
    assert.match(busy[1] ?? '', /\*conns\/s +in p\/s +out p\/s +in B\/s +out B\/s +active +inactive/);
    const [inPackets, outPackets] = rowOf(busy, SERVERS[0]).slice(4, 6);
    assert.ok(Number(inPackets) > 0 && Number(outPackets) > 0, busy.join('\n'));
    const order = (lines: readonly string[]): readonly string[] =>
      lines.filter((line) => /^(TCP|UDP)/.test(line)).map((line) => line.slice(0, 3));
    assert.deepEqual(order(busy), ['UDP', 'TCP']);
    terminal.type('N');
    await until(
      () => order(terminal.lines),
      (found) => found[0] === 'TCP',
    );
    terminal.resize(60, 5);
    const small = await until(
      () => terminal.lines,
      (lines) => lines.some((line) => line.endsWith('more lines')),
    );
    assert.ok(small.length <= 5 && small.every((line) => line.length <= 60), small.join('\n'));
    assert.match(small[0] ?? '', /^weir top/);
    terminal.resize(110, 20);
    await until(
      () => terminal.lines,
      (lines) => lines.some((line) => line.includes(SERVERS[1])),
    );
    terminal.type('C-c');
    const left = await until(
      () => terminal.lines,
      (lines) => lines.some((line) => line.startsWith('ended')),
    );
    assert.deepEqual([left[0], left[1]], ['before', 'ended 0']);
    await until(
      () => terminal.lines.join(' '),
      (text) => / icanon/.test(text) && / echo /.test(text),
    );
    assert.equal(terminal.flags, '1 0', 'the cursor, and the screen from before');
  });
});

test('q ends it; without a terminal it prints once; as JSON', on, async () => {
  await inSame(async (cluster) => {
    await prepared(cluster);
    const terminal = new Terminal(cluster, 90, 12);
    await until(
      () => terminal.lines,
      (lines) => lines[0]?.startsWith('weir top') === true,
    );
    terminal.type('q');
    await until(
      () => terminal.lines,
      (lines) => lines.includes('ended 0'),
    );
    const text = ok(cluster.lvs.weir('top --sort name')).split('\n');
    assert.deepEqual(
      text.slice(3, -1).map((line) => line.trim().split(/\s+/)[1]),
      [`${VIP}:443`, `${VIP}:80`, 'masq', 'masq'],
    );
    const { total, services } = JSON.parse(ok(cluster.lvs.weir('top --json'))) as {
      readonly total: { readonly conns: number };
      readonly services: readonly { readonly service: string; readonly servers: readonly { readonly server: string }[] }[];
    };
    assert.equal(typeof total.conns, 'number');
    assert.deepEqual(services.map(({ service }) => service).sort(), [`TCP ${VIP}:443`, `UDP ${VIP}:80`]);
    assert.match(cluster.lvs.weir('top --sort size').stderr, /--sort takes conns, inPackets/);
  });
});
