// weir conns on a director with real connections: what it lists, by each filter, in each order, and what it reports as they come and go.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { asked, type Cluster, inCluster, ipvsadm, ok, running, serving, shared, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { breadth, test } from '../support/breadth.js';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';

const on = { skip: noNamespaces() };
const inSame = shared(inCluster);
const SERVERS = ['10.8.2.11', '10.8.2.12'] as const;

interface Listed {
  readonly event?: string;
  readonly protocol: string;
  readonly client: string;
  readonly virtual: string;
  readonly server: string;
  readonly method: string;
  readonly state: string;
  readonly expires: number;
  readonly idle: number;
}

const parse = (lines: readonly string[]): readonly Listed[] => lines.map((line) => JSON.parse(line) as Listed);
const listed = ({ lvs }: Cluster, options: string): readonly Listed[] =>
  parse(
    ok(lvs.weir(`conns --json ${options}`))
      .split('\n')
      .slice(0, -1),
  );

async function prepared(cluster: Cluster): Promise<void> {
  const { lvs, web1, web2 } = cluster;
  for (const web of [web1, web2]) await serving(cluster, web);
  for (const protocol of ['t', 'u'])
    ipvsadm(lvs, `-A -${protocol} ${VIP}:80 -s rr`, ...SERVERS.map((server) => `-a -${protocol} ${VIP}:80 -r ${server}:80 -m`));
}

breadth('every filter, both orders, a limit, and text', on, async () => {
  await inSame(async (cluster) => {
    await prepared(cluster);
    const { bed, client, lvs } = cluster;
    const { lines } = running(bed, client, station('hold', VIP, 80));
    await until(
      () => lines[0],
      (line) => line === 'open',
    );
    asked(client, 'udp', VIP, 80, 4);
    const all = listed(cluster, '');
    assert.equal(all.filter(({ protocol }) => protocol === 'UDP').length, 4);
    const held = listed(cluster, '--tcp --state established');
    assert.deepEqual(
      held.map(({ client: from, virtual, method, state }) => [from.split(':')[0], virtual, method, state]),
      [['10.8.1.10', `${VIP}:80`, 'masq', 'ESTABLISHED']],
    );
    const clients = (options: string): readonly string[] => listed(cluster, options).map((each) => each.client);
    assert.deepEqual(clients(`--udp --server ${SERVERS[0]}`), clients(`--udp --server ${SERVERS[0]}:80`));
    assert.equal(listed(cluster, `--udp --server ${SERVERS[0]}`).length, 2);
    assert.deepEqual(clients(`--service udp:${VIP}:80`), clients(`--udp --service ${VIP}:80`));
    assert.equal(listed(cluster, `--service udp:${VIP}:80`).length, 4);
    assert.equal(listed(cluster, '--service mark:5').length, 0);
    assert.equal(listed(cluster, `--server ${SERVERS[0]}:81`).length, 0);
    assert.equal(listed(cluster, `--service ${VIP}:80 --udp`).length, 4);
    assert.equal(listed(cluster, `--service ${VIP}:81`).length, 0);
    assert.equal(listed(cluster, '--mark 7').length, 0);
    assert.equal(listed(cluster, '--client 10.8.1.0/24 --udp').length, 4);
    assert.equal(listed(cluster, '--client 10.8.1.11').length, 0);
    assert.equal(listed(cluster, '--limit 3').length, 3);
    const idle = (options: string): readonly number[] => listed(cluster, options).map((each) => each.idle);
    const [oldest, youngest] = [idle('--oldest'), idle('--youngest')];
    assert.deepEqual(
      oldest,
      [...oldest].sort((one, other) => other - one),
    );
    assert.deepEqual(
      youngest,
      [...youngest].sort((one, other) => one - other),
    );
    assert.equal(listed(cluster, '--oldest --limit 2').length, 2);
    const text = ok(lvs.weir('conns --udp')).split('\n').slice(0, -1);
    assert.match(text[0] ?? '', /^proto +client +virtual +server +method +state +expires +idle +local$/);
    assert.ok(
      text.slice(1).every((line) => /^UDP +10\.8\.1\.10:\d+ +10\.8\.1\.100:80 +10\.8\.2\.1[12]:80 +masq +UDP +\d+ +\d+$/.test(line)),
      text.join('\n'),
    );
  });
});

test('what comes, changes and goes is followed until the command is ended', on, async () => {
  await inSame(async (cluster) => {
    await prepared(cluster);
    const { bed, client, lvs } = cluster;
    const { child, lines } = running(bed, lvs, [process.execPath, ENTRY, 'weir', 'conns', '--follow', '--json', '--tcp']);
    await until(
      () => listed(cluster, '--tcp').length,
      (count) => count >= 0,
    );
    const holder = running(bed, client, station('hold', VIP, 80));
    const seen = (): readonly string[] => parse(lines).map(({ event, state }) => `${event} ${state}`);
    await until(seen, (events) => events.some((event) => /^(begun|state) ESTABLISHED$/.test(event)));
    holder.child.kill('SIGKILL');
    await until(seen, (events) => events.some((event) => /^(begun|state|ended) (FIN_WAIT|TIME_WAIT|CLOSE)$/.test(event)));
    child.kill('SIGINT');
    await once(child, 'exit');
  });
});

test('what cannot be asked', on, async () => {
  await inSame((cluster) => {
    const wrong = (options: string): string => cluster.lvs.weir(`conns ${options}`).stderr;
    assert.match(wrong('--client 10.0.0.0/33'), /--client takes an address or a prefix/);
    assert.match(wrong('--state OPEN'), /--state takes .*ESTABLISHED/);
    assert.match(wrong('--service 10.0.0.1'), /--service takes ADDRESS:PORT/);
    assert.match(wrong(`--udp --service tcp:${VIP}:80`), /--service takes a service of udp beside --udp, not tcp:/);
    assert.match(wrong('--oldest --youngest'), /only one of --oldest, --youngest/);
    assert.match(wrong('--follow --limit 1'), /only one of --follow, --limit/);
    assert.match(wrong('--tcp --udp'), /only one of --tcp, --udp/);
    return Promise.resolve();
  });
});
