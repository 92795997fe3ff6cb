// weir apply under traffic: what its plan calls kept goes on, what it calls cut is what stops; and a table that changed is left alone.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DocumentPlan } from '../../src/control/plan/document-plan.js';
import { projectRoot } from '../../src/lab/state/paths.js';
import { type Host, noNamespaces, type Ran } from '../support/netns-bed.js';
import { type Cluster, inCluster, ipvsadm, VIP } from './cluster.js';
import { station } from './live-child.js';
import { begun } from './traffic.js';

const skip = noNamespaces();
const weir = (lvs: Host, ...words: readonly string[]): Ran => lvs.run([join(projectRoot(), 'bin/weir'), ...words]);

/** Writes the document of a cluster; the path. */
function documents({ bed }: Cluster): (text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-document-'));
  bed.atEnd(() => rmSync(folder, { recursive: true }));
  return (text) => {
    writeFileSync(join(folder, 'weir.yaml'), text);
    return join(folder, 'weir.yaml');
  };
}

const service = (servers: string, scheduler = 'rr'): string =>
  `services:\n  "tcp:${VIP}:80": {scheduler: ${scheduler}, persistence: 5m, servers: [${servers}]}\n`;

function planned(lvs: Host, verb: 'plan' | 'apply', file: string, ...options: readonly string[]): DocumentPlan {
  const { status, stdout, stderr } = weir(lvs, verb, '--json', ...options, file);
  assert.deepEqual([status, stderr], [verb === 'plan' ? 4 : 0, '']);
  return JSON.parse(stdout) as DocumentPlan;
}

const fate = ({ connections: { kept, moved, cut, resumed } }: DocumentPlan): readonly number[] => [kept, moved, cut, resumed];

test('what the plan calls kept goes on, what it calls cut waits, and goes on when its server is back', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { bed, lvs, web1, web2 } = cluster;
    const written = documents(cluster);
    for (const web of [web1, web2]) await web.serve(bed, station('echo', 80));
    const applied = (text: string): DocumentPlan => {
      const file = written(text);
      const plan = planned(lvs, 'plan', file);
      const done = planned(lvs, 'apply', file, '--base', plan.base);
      assert.deepEqual([done.changes, fate(done)], [plan.changes, fate(plan)]);
      assert.equal(weir(lvs, 'plan', file).status, 0);
      return done;
    };
    assert.deepEqual(fate(applied(service('10.8.2.11'))), [0, 0, 0, 0]);
    const connections = await begun(cluster, ...station('talk', VIP, 80, 4));
    const more = applied(service('10.8.2.11, {address: 10.8.2.12, weight: 3}', 'sh'));
    assert.deepEqual([fate(more), more.templates], [[4, 0, 0, 0], { kept: 1, ended: 0 }]);
    const gone = applied(service('10.8.2.12', 'sh'));
    assert.deepEqual([fate(gone), gone.templates, gone.services[0]?.slots?.of], [[0, 0, 4, 0], { kept: 0, ended: 1 }, 256]);
    const other = planned(lvs, 'plan', written(service('10.8.2.12')));
    assert.deepEqual([fate(other), other.cutBefore], [[0, 0, 0, 0], 4], 'what was cut before, no plan cuts again');
    assert.deepEqual(fate(applied(service('10.8.2.11, 10.8.2.12'))), [0, 0, 0, 4]);
    assert.equal(await connections(), '4 of 4');

    // Changed by hand meanwhile: it is seen, and nothing is applied for the plan of before.
    const file = written(service('10.8.2.11'));
    const closed = planned(lvs, 'plan', file);
    assert.deepEqual([fate(closed), closed.cutBefore], [[0, 0, 0, 0], 0], 'what both sides have closed is no live connection');
    const { base } = closed;
    ipvsadm(lvs, `-e -t ${VIP}:80 -r 10.8.2.12:80 -m -w 7`);
    const refused = weir(lvs, 'apply', '--base', base, file);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /^weir apply: the table is not the one that was planned for .* nothing was changed/);
    const { stdout } = weir(lvs, 'diff', written(service('10.8.2.11, 10.8.2.12')));
    assert.equal(stdout, `  ! server 10.8.2.12:80 of tcp:${VIP}:80: weight 1 → 7\n`);
    const exported = weir(lvs, 'export');
    assert.equal(exported.status, 0);
    assert.equal(weir(lvs, 'plan', written(exported.stdout)).status, 0);

    // `-` is the standard input.
    const piped = (text: string, ...words: readonly string[]): Ran => lvs.run([join(projectRoot(), 'bin/weir'), ...words, '-'], text);
    for (const verb of ['plan', 'apply', 'diff']) {
      const { status, stderr: complaint } = piped(exported.stdout, verb);
      assert.deepEqual([status, complaint], [0, ''], verb);
    }
    assert.equal(piped(service('10.8.2.11'), 'diff').status, 4);
    const nothing = piped('', 'apply');
    assert.deepEqual([nothing.status, nothing.stderr], [3, '-:1:1: expected the sections of a weir.yaml, not nothing\n']);
    assert.equal(weir(lvs, 'plan', written(exported.stdout)).status, 0, 'and nothing was changed');
  });
});

test('all of a document or nothing: a server that is refused leaves the table as it was', { skip }, async () => {
  await inCluster(async (cluster) => {
    const { lvs } = cluster;
    const written = documents(cluster);
    assert.equal(weir(lvs, 'apply', written(service('10.8.2.11'))).status, 0);
    const before = ipvsadm(lvs, '-Sn');
    // Of IPv4, and the address of a network here: no file alone shows that.
    const wrong = written(`${service('10.8.2.12')}  "udp:${VIP}:53": {servers: [10.8.2.255]}\n`);
    const { status, stderr } = weir(lvs, 'apply', wrong);
    assert.equal(status, 1);
    assert.match(stderr, /^weir apply: a destination is a unicast address\n$/);
    assert.equal(ipvsadm(lvs, '-Sn'), before);
  });
});
