// weir drain on living hosts: chats that go on all the time are not cut, and what begins meanwhile goes elsewhere.
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { asked, inCluster, ipvsadm, ok, rows, serving, shared, until, VIP } from '../datapath/cluster.js';
import { station } from '../datapath/live-child.js';
import { begun } from '../datapath/traffic.js';
import { noNamespaces } from '../support/netns-bed.js';
import { root } from '../support/project.js';
import { drain, drained, killDrivers } from './drain-cluster.js';

const skip = noNamespaces();
const inside = shared(inCluster);
const CHATS = 6;

test('by NAT: chats are not cut, new connections go elsewhere, whoever is killed; a weight that is written waits for the end', {
  skip,
}, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, client, web1, web2 } = cluster;
    bed.undo(() => killDrivers(lvs));
    for (const web of [web1, web2]) {
      await serving(cluster, web);
      await web.serve(bed, station('echo', 90, '0.0.0.0'));
    }
    for (const port of [80, 90])
      ipvsadm(lvs, `-A -t ${VIP}:${port} -s rr`, ...[1, 2].map((k) => `-a -t ${VIP}:${port} -r 10.8.2.1${k}:${port} -m -w 3`));
    const end = await begun(cluster, ...station('talk', VIP, 90, CHATS));
    const { seen } = drain(lvs, '10.8.2.11 --deadline 10m');
    assert.deepEqual([seen.state, seen.remaining.open], ['draining', CHATS / 2]);
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 8)), new Set(['web2']));
    killDrivers(lvs);
    ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.2.11:80 -m -w 9`);
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 8)), new Set(['web2']), 'a written weight is the configured one');
    assert.equal(ok(lvs.ipvsadm('-Sn')).includes('10.8.2.11:80 -m -w 9'), true);
    assert.equal(await end(), `${CHATS} of ${CHATS}`);
    await drained(lvs, seen.id, 'empty');
    const weights = rows(lvs).filter((row) => row.startsWith('10.8.2.11'));
    assert.equal(weights.filter((row) => row.includes('Masq 0')).length, 2, weights.join('\n'));
    drain(lvs, `cancel ${seen.id} --slow-start 1h`);
    assert.equal(
      rows(lvs)
        .find((row) => row.startsWith('10.8.2.11:80'))
        ?.includes('Masq 1 '),
      true,
      'slow start begins',
    );
    drain(lvs, `cancel ${seen.id}`);
    assert.deepEqual(new Set(asked(client, 'tcp', VIP, 80, 40)), new Set(['web1', 'web2']));
  });
});

test('after the deadline what is shown is what is left now, and wait and Ansible can be called again', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, lvs, web1 } = cluster;
    bed.undo(() => killDrivers(lvs));
    await web1.serve(bed, station('echo', 95, '0.0.0.0'));
    ipvsadm(lvs, `-A -t ${VIP}:95 -s rr`, `-a -t ${VIP}:95 -r 10.8.2.11:95 -m`);
    const folder = bed.folder('weir-ansible-');
    cpSync(join(root, 'ansible/plugins/modules/weir_drain.js'), join(folder, 'weir_drain.js'));
    const given = { target: '10.8.2.11:95', wait: true, executable: join(root, 'bin/weir') };
    writeFileSync(join(folder, 'given.json'), JSON.stringify(given));
    const called = (): { readonly failed?: boolean; readonly msg?: string } =>
      JSON.parse(lvs.run([process.execPath, join(folder, 'weir_drain.js'), join(folder, 'given.json')]).stdout);
    const left = (): string | undefined => /^weir_drain_connections_remaining\{.*:95"\} (\d+)$/m.exec(lvs.weir('metrics').stdout)?.[1];
    const end = await begun(cluster, ...station('talk', VIP, 95, CHATS));
    const { status, seen } = drain(lvs, '10.8.2.11:95 --allow-empty --deadline 1s --wait');
    assert.deepEqual([status, seen.state, seen.remaining.open, seen.openAtDeadline, left()], [3, 'deadline', CHATS, CHATS, String(CHATS)]);
    assert.match(called().msg ?? '', new RegExp(`connections left now: ${CHATS}$`));
    assert.equal(await end(), `${CHATS} of ${CHATS}`);
    await until(left, (count) => count === '0', 30);
    const again = drain(lvs, `wait ${seen.id}`);
    assert.deepEqual([again.status, again.seen.state, again.seen.remaining.open, again.seen.openAtDeadline], [0, 'deadline', 0, CHATS]);
    assert.deepEqual(called().failed, undefined);
    assert.match(
      lvs.weir(`drain status ${seen.id}`).stdout,
      /: deadline, 0 connections left;.*\n[\s\S]* {2}6 connections left at its deadline \(keep\)/,
    );
    drain(lvs, `cancel ${seen.id}`);
    assert.match(lvs.weir('drain list').stdout, new RegExp(`${seen.id} 10.8.2.11:95: cancelled, 0 connections left by then`));
  });
});
