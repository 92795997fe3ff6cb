// weir explain and weir conns by each method but VS/NAT: the local end of FULLNAT, the outer packet of a tunnel, what goes past the servers, and what the
// packet filter of the host sees first.

import assert from 'node:assert/strict';
import type { Explanation } from '../../src/report/explain/explanation.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, running, serving, shared, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { shell } from '../datapath/marked-cluster.js';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('iptables', 'nft') };
const inSame = shared(inCluster);
const [CLIENT, WEB1, WEB2, LOCAL] = ['10.8.1.10', '10.8.2.11', '10.8.2.12', '10.8.2.77'] as const;

const explained = ({ lvs }: Cluster, options: string): Explanation => JSON.parse(ok(lvs.weir(`explain --json ${options}`))) as Explanation;
const text = ({ lvs }: Cluster, options: string): string => ok(lvs.weir(`explain ${options}`));

/** The address and port of a client's one connection that is listed. */
const conns = ({ lvs }: Cluster, options: string): readonly Readonly<Record<string, unknown>>[] =>
  ok(lvs.weir(`conns --json ${options}`))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

/** Opens a TCP connection that stays; its port. */
async function held(cluster: Cluster, port: number): Promise<string> {
  const { lines } = running(cluster.bed, cluster.client, station('hold', VIP, port));
  await until(
    () => lines[0],
    (line) => line === 'open',
  );
  const [found] = conns(cluster, `--tcp --service ${VIP}:${port} --state established`);
  return String(found?.['client']).split(':')[1] ?? '';
}

test('FULLNAT: the local address and port of a connection, in both directions', on, async () => {
  await inSame(async (cluster) => {
    const { bed, lvs, web1 } = cluster;
    await serving(cluster, web1);
    lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
    bed.undo(() => lvs.ip(`addr del ${LOCAL}/24 dev eth1`));
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 --fullnat --local-address ${LOCAL}`);
    const begun = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
    assert.deepEqual(begun.becomes, { protocol: 'TCP', from: `${LOCAL}:0`, to: `${WEB1}:80`, ttl: 63 });
    assert.match(begun.uncertain.join(), /free port of a local address/);
    assert.equal(begun.leaves?.device, 'eth1');
    const port = await held(cluster, 80);
    const [listed] = conns(cluster, `--tcp --service ${VIP}:80 --state established`);
    assert.deepEqual([listed?.['method'], listed?.['server']], ['fullnat', `${WEB1}:80`]);
    const local = String(listed?.['local']);
    assert.match(local, /^10\.8\.2\.77:\d{4,5}$/);
    const known = explained(cluster, `--from ${CLIENT}:${port} --to ${VIP}:80`);
    assert.deepEqual(
      [known.connection?.method, known.connection?.local, known.becomes?.from, known.uncertain],
      ['fullnat', local, local, []],
    );
    const reply = explained(cluster, `--from ${WEB1}:80 --to ${local}`);
    assert.deepEqual(reply.becomes, { protocol: 'TCP', from: `${VIP}:80`, to: `${CLIENT}:${port}`, ttl: 63 });
    assert.deepEqual([reply.connection?.use, reply.connection?.local, reply.leaves?.device], ['reply', local, 'eth0']);
    assert.ok(text(cluster, `--from ${CLIENT}:${port} --to ${VIP}:80`).includes(`, fullnat as ${local}, ESTABLISHED, `));
    assert.match(
      ok(lvs.weir('conns --tcp')),
      new RegExp(`^TCP .* fullnat +ESTABLISHED +\\d+ +\\d+ +${local.replaceAll('.', '\\.')}$`, 'm'),
    );
  });
});

breadth('a tunnel: what is inside, and the outer packet', on, async () => {
  await inSame((cluster) => {
    const { lvs } = cluster;
    const cases = [
      [
        'ipip',
        '--tun-type ipip',
        { protocol: 'ipip', port: null, bytes: 20 },
        /^within +ipip 10\.8\.2\.1 -> 10\.8\.2\.11, TTL 63: 20 bytes more$/m,
      ],
      [
        'gre',
        '--tun-type gre',
        { protocol: 'gre', port: null, bytes: 24 },
        /^within +gre 10\.8\.2\.1 -> 10\.8\.2\.11, TTL 63: 24 bytes more$/m,
      ],
      [
        'gue',
        '--tun-type gue --tun-port 6080',
        { protocol: 'gue', port: 6080, bytes: 32 },
        /^within +gue 10\.8\.2\.1 -> 10\.8\.2\.11, UDP port 6080, TTL 63: 32 bytes more$/m,
      ],
    ] as const;
    for (const [name, options, within, line] of cases) {
      ipvsadm(lvs, '-C');
      ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1} -i ${options}`);
      const found = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
      assert.deepEqual([found.verdict, found.leaves?.device, found.leaves?.neighbour], ['forwarded', 'eth1', WEB1], name);
      assert.deepEqual(found.becomes, { protocol: 'TCP', from: `${CLIENT}:5000`, to: `${VIP}:80`, ttl: 63 }, name);
      assert.deepEqual(found.within, { ...within, from: '10.8.2.1', to: WEB1, ttl: 63 }, name);
      assert.match(text(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`), line);
    }
    const refused = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80 --ttl 1`);
    assert.deepEqual([refused.verdict, refused.within, refused.becomes?.protocol], ['answered', null, 'ICMP']);
    return Promise.resolve();
  });
});

breadth('cache_bypass: a connection past the servers is named', on, async () => {
  await inSame(async (cluster) => {
    const { bed, client, lvs, web2 } = cluster;
    await serving(cluster, web2);
    lvs.sysctl('net.ipv4.ip_forward', '1');
    bed.undo(() => {
      shell(lvs, 'iptables -t mangle -F');
      ok(lvs.weir('sysctl -w net.ipv4.vs.cache_bypass=0'));
    });
    ok(lvs.weir('sysctl -w net.ipv4.vs.cache_bypass=1'));
    shell(lvs, 'iptables -t mangle -A PREROUTING -p tcp --dport 80 -j MARK --set-mark 7');
    client.ip(`route replace 10.8.2.0/24 via 10.8.1.1`);
    ipvsadm(lvs, '-A -f 7 -s rr', `-a -f 7 -r ${WEB1} -m -w 0`);
    const asks = `--from ${CLIENT}:5000 --to ${WEB2}:80 --mark 7`;
    const begun = explained(cluster, asks);
    assert.deepEqual([begun.verdict, begun.becomes?.to, begun.leaves?.device], ['forwarded', `${WEB2}:80`, 'eth1']);
    assert.match(begun.why, /cache_bypass sends it on to its own address/);
    assert.deepEqual(
      begun.scheduled?.servers.map(({ server, why }) => [server, why]),
      [[`${WEB1}:0`, 'weight 0']],
    );
    assert.ok(begun.settings.some(({ name, value }) => name === 'net.ipv4.vs.cache_bypass' && value === '1'));
    assert.deepEqual(asked(client, 'tcp', WEB2, 80, 1), ['web2']);
    const [past] = conns(cluster, '--mark 7');
    assert.deepEqual([past?.['method'], past?.['server'], past?.['virtual'], past?.['local']], ['bypass', null, `${WEB2}:80`, null]);
    assert.match(ok(lvs.weir('conns --mark 7')), /^TCP +10\.8\.1\.10:\d+ +10\.8\.2\.12:80 +- +bypass /m);
  });
});

breadth('behind the packet filter: what it accepts, and which server that gets', on, async () => {
  await inSame(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    await serving(cluster, web1);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`, `-a -t ${VIP}:80 -r ${WEB2}:80 -m -w 0`);
    ok(lvs.weir('load --firewall honour'));
    bed.undo(() => lvs.weir('load --firewall auto'));
    const asks = `--from ${CLIENT}:5000 --to ${VIP}:80`;
    const { verdict, reason, accepted, settings } = explained(cluster, asks);
    assert.deepEqual([verdict, reason?.key, settings.at(-1)?.name], ['passed', 'firewall', 'weir load --firewall']);
    assert.deepEqual([accepted?.verdict, accepted?.packet.device, accepted?.leaves?.device], ['forwarded', 'weir1', 'eth1']);
    assert.deepEqual(accepted?.becomes, { protocol: 'TCP', from: `${CLIENT}:5000`, to: `${WEB1}:80`, ttl: 63 });
    assert.deepEqual(
      accepted?.scheduled?.servers.map(({ why }) => why),
      ['weight 0', 'its turn'],
    );
    assert.match(text(cluster, asks), /^then +what the packet filter accepts comes back by weir1:\nverdict +forwarded$/m);
    assert.deepEqual(asked(client, 'tcp', VIP, 80, 1), ['web1']);
    const port = await held(cluster, 80);
    const known = explained(cluster, `--from ${CLIENT}:${port} --to ${VIP}:80`);
    assert.deepEqual([known.verdict, known.accepted, known.connection?.use], ['forwarded', null, 'goes on']);
  });
});
