// A server that fails its health checks while it is drained is both: whichever ends first, it gets no new connection before the other has ended as well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked, inCluster, ok, rows, running, serving, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { Node } from '../sync/keepalived-node.js';
import { drain, killDrivers } from './drain-cluster.js';

const skip = noNamespaces();
const [WEB1, WEB2] = ['10.8.2.11', '10.8.2.12'] as const;
/** Of this service a server that is down leaves the table; of the other it stays with weight 0. */
const [LEAVES, INHIBITED] = [80, 81] as const;

const server = (address: string, inhibited: boolean): string =>
  `real_server ${address} 80 {\nweight 3\n${inhibited ? 'inhibit_on_failure\n' : ''}TCP_CHECK {\nconnect_timeout 1\nretry 0\n}\n}`;
const service = (port: number): string =>
  `virtual_server ${VIP} ${port} {\ndelay_loop 1\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${[WEB1, WEB2]
    .map((address) => server(address, port === INHIBITED))
    .join('\n')}\n}\n`;

/** The weights of web1 that packets find in the two services; -1: it is not there. */
function weightsOf(lvs: Host): readonly number[] {
  return [LEAVES, INHIBITED].map((port) => {
    const [, ...parts] = lvs.ipvsadm(`-Ln -t ${VIP}:${port}`).stdout.split(/^ {2}-> /m);
    const row = parts.find((part) => part.startsWith(`${WEB1}:80 `));
    return row === undefined ? -1 : Number(row.trim().split(/\s+/)[2]);
  });
}

const weighs = (lvs: Host, expected: readonly number[]): Promise<readonly number[]> =>
  until(
    () => weightsOf(lvs),
    (seen) => String(seen) === String(expected),
    60,
  );

test('down and drained: it serves again when it is neither', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { bed, lvs, client, web1, web2 } = cluster;
    bed.atEnd(() => killDrivers(lvs));
    await serving(cluster, web2);
    const start = () => running(bed, web1, station('serve', 'web1', 80, '0.0.0.0'));
    const begin = async (): Promise<ReturnType<typeof start>> => {
      const begun = start();
      await until(
        () => begun.lines,
        ([first]) => first === 'ready',
      );
      return begun;
    };
    let process = await begin();
    const node = new Node(bed, lvs, [LEAVES, INHIBITED].map(service).join(''));
    node.start();
    await weighs(lvs, [3, 3]);
    const answers = (): ReadonlySet<string> => new Set([LEAVES, INHIBITED].flatMap((port) => asked(client, 'tcp', VIP, port, 8)));
    const onlyWeb2 = new Set(['web2']);

    const first = drain(lvs, `${WEB1} --deadline 10m`).seen;
    await weighs(lvs, [0, 0]);
    process.child.kill('SIGKILL');
    await weighs(lvs, [-1, 0]);
    await until(
      () => ok(lvs.ipvsadm('-Sn')),
      (saved) => new RegExp(`${WEB1}:80 -m -w 0`).test(saved),
      30,
    );
    drain(lvs, `cancel ${first.id}`);
    assert.deepEqual([weightsOf(lvs), answers()], [[-1, 0], onlyWeb2], 'cancelled, it is down');
    process = await begin();
    await weighs(lvs, [3, 3]);
    assert.deepEqual(answers(), new Set(['web1', 'web2']));

    const second = drain(lvs, `${WEB1} --deadline 10m`).seen;
    process.child.kill('SIGKILL');
    await weighs(lvs, [-1, 0]);
    process = await begin();
    await until(
      () => ok(lvs.ipvsadm('-Sn')).match(new RegExp(`${WEB1}:80 -m -w 3`, 'g'))?.length,
      (up) => up === 2,
      30,
    );
    assert.deepEqual([weightsOf(lvs), answers()], [[0, 0], onlyWeb2], 'up again, it is drained');
    drain(lvs, `cancel ${second.id}`);
    await weighs(lvs, [3, 3]);
    assert.equal(rows(lvs).length, 4);
    await node.daemon.stop();
  });
});
