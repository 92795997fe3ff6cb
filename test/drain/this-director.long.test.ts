// A director is drained: its peer takes over addresses and connections while clients go on, whatever is killed and reloaded; then it takes them again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { Node, settings } from '../sync/keepalived-node.js';
import { addServices, inPair, SERVICES } from '../sync/pair.js';
import { inStep, newKey } from '../sync/stream-pair.js';
import { drain, drained, killDrivers } from './drain-cluster.js';

const skip = noNamespaces();
const CHATS = 6;

const configuration = (key: string, own: number, priority: number): string =>
  settings(
    `lvs_sync_stream {\nkey ${key}\nlisten 10.8.9.${own}\npeer 10.8.9.${3 - own}\n}`,
    // Of a sync group whose members have different intervals.
    'vrrp_sync_group G { group { VI_1 VI_2 } }',
    instance(1, 0.2, `${VIP}/32`, own, priority),
    instance(2, 0.7, '10.8.1.200/32', own, priority),
  );

const instance = (number: number, interval: number, address: string, own: number, priority: number): string =>
  [
    `vrrp_instance VI_${number} {\ninterface eth0\nvirtual_router_id ${50 + number}\npriority ${priority}\nversion 3\nadvert_int ${interval}`,
    own === 2 ? 'nopreempt' : '',
    `virtual_ipaddress { ${address} }\n}`,
  ].join('\n');

const instanceOf = (host: Host): string => /^VRRP +(VI_1 \w+)/m.exec(host.weir('status').stdout)?.[1] ?? '';
const reaches = (host: Host, state: string): Promise<string> =>
  until(
    () => instanceOf(host),
    (seen) => seen === `VI_1 ${state}`,
    60,
  );

test('its peer, which does not preempt, takes over; chats are not cut; kill -9 and reload change nothing; cancelled it is MASTER again', {
  skip,
}, async () => {
  await inPair(async (pair) => {
    const { bed, lvs, second } = pair;
    bed.undo(() => killDrivers(lvs));
    lvs.ip(`addr del ${VIP}/32 dev eth0`);
    const key = newKey(pair).file;
    const [first, other] = [new Node(bed, lvs, configuration(key, 1, 200)), new Node(bed, second, configuration(key, 2, 100))];
    for (const host of [lvs, second]) addServices(host, SERVICES.slice(1, 3));
    first.start();
    await first.daemon.logged(/\(VI_1\) Entering MASTER STATE/);
    other.start();
    await inStep(lvs, second);
    const ends = await Promise.all([91, 92].map((port) => begun(pair, ...station('talk', VIP, port, CHATS))));
    await inStep(lvs, second);

    assert.equal(
      ok(lvs.weir('drain --this-director --dry-run')),
      'the peers of VI_1, VI_2 would take over the addresses; what is connected goes on\n',
    );
    assert.match(lvs.weir('drain --this-director --end remove').stderr, /cannot end by remove/);
    const { seen } = drain(lvs, '--this-director --deadline 10m');
    killDrivers(lvs);
    await reaches(second, 'MASTER');
    await reaches(lvs, 'BACKUP');
    await drained(lvs, seen.id, 'empty');
    const child = [...first.daemon.lines].reverse().find((line) => /Starting VRRP child process, pid=\d+/.test(line)) ?? '';
    process.kill(Number(/\d+$/.exec(child)?.[0]), 'SIGKILL');
    await first.daemon.until('another VRRP process', () => first.daemon.count(/Starting VRRP child process/) === 2);
    first.daemon.signal('SIGHUP');
    await reaches(lvs, 'BACKUP');
    assert.match(lvs.weir('status').stdout, /VI_1 BACKUP.*priority 1; released/);

    drain(lvs, `cancel ${seen.id}`);
    await reaches(lvs, 'MASTER');
    await reaches(second, 'BACKUP');
    for (const end of ends) assert.equal(await end(), `${CHATS} of ${CHATS}`);
    for (const node of [first, other]) await node.daemon.stop();
  });
});

test('net_namespace_ipvs: the instances are those of the daemon whose director is here, wherever it runs', { skip }, async () => {
  const bed = new Bed();
  try {
    const [host, director, lan] = [bed.host('vrrp'), bed.host('director'), bed.lan('lan')];
    bed.cable(host, 'eth0', lan, '10.9.0.1/24');
    bed.atEnd(() => killDrivers(director));
    ok(director.ipvsadm('-A -t 10.9.0.100:80 -s rr'));
    bed.atEnd(() => director.weir('unload'));
    const node = new Node(
      bed,
      host,
      `net_namespace_ipvs ${director.namespace}\n${settings('', instance(1, 0.2, '10.9.0.100/32', 1, 100))}`,
    );
    node.start();
    await reaches(host, 'MASTER');
    assert.equal(
      ok(director.weir('drain --this-director --dry-run')),
      'the peers of VI_1 would take over the addresses; what is connected goes on\n',
    );
    assert.match(host.weir('drain --this-director').stderr, /no daemon here has an instance|not loaded/);
    const { seen } = drain(director, '--this-director --deadline 10m');
    await until(
      () => host.weir('status').stdout,
      (status) => /VI_1 MASTER.*priority 1; released/.test(status),
      60,
    );
    drain(director, `cancel ${seen.id}`);
    await until(
      () => host.weir('status').stdout,
      (status) => /VI_1 MASTER(?!.*released)/.test(status),
      60,
    );
    await node.daemon.stop();
  } finally {
    bed.close();
  }
});
