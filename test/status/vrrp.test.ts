// What weir status shows of daemons that run VRRP: weir's own publishes its states, keepalived's does not.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { DaemonStatus, InstanceStatus, Status } from '../../src/report/status/status.js';
import { unlessCode } from '../../src/sys/errno.js';
import { using } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { breadth, test } from '../support/breadth.js';
import { Bed, ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { ownPidFiles } from '../support/own-pid-files.js';
import { noTools } from '../support/probes.js';
import { RunningDaemon } from '../support/running-daemon.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const folder = mkdtempSync(join(tmpdir(), 'weir-status-'));
const FILE = join(folder, 'keepalived.conf');
let node: Host;

const instance = (name: string, vrid: number, priority: number): string => `vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  priority ${priority}
  advert_int 0.1
  version 3
  virtual_ipaddress { 198.51.100.${vrid}/32 dev eth0 }
}
`;

before(() => {
  if (on.skip) return;
  node = bed.host('node');
  bed.cable(node, 'eth0', bed.lan('lan'), '198.51.100.1/24');
  writeFileSync(FILE, instance('V1', 51, 120) + instance('V2', 52, 90));
});
after(() => {
  bed.close();
  rmSync(folder, { recursive: true });
});

const daemons = (): readonly DaemonStatus[] => (JSON.parse(node.weir('status --json').stdout) as Status).daemons;
const instances = (): readonly InstanceStatus[] => daemons().flatMap((daemon) => daemon.instances ?? []);
const files: readonly string[] = ['-n', '-l', '-f', FILE, ...ownPidFiles(folder)];
/** One that a failing test leaves would keep this file's process alive. */
function inNode(argv: readonly string[]): RunningDaemon {
  const daemon = new RunningDaemon(['ip', 'netns', 'exec', node.namespace, ...argv]);
  bed.atEnd(() => daemon.signal('SIGTERM'));
  return daemon;
}

/** What is published for this namespace, by the names of the files. */
function published(): readonly string[] {
  const { cookie } = using(Netns.byName(node.namespace), (netns) => netns);
  return unlessCode(() => readdirSync('/run/weir/vrrp'), ['ENOENT'], []).filter(
    (name) => name.startsWith(`${cookie}.`) && /\.\d+\.json$/.test(name),
  );
}

test("weir's instances: state, since when, priority, and why one is in FAULT; respawned, reloaded, and gone", on, async () => {
  const daemon = inNode([process.execPath, ENTRY, 'keepalived', ...files]);
  const states = (...wanted: readonly string[]) =>
    daemon.until(`states ${wanted}`, () => {
      const seen = instances();
      return String(seen.map(({ state }) => state)) === String(wanted) && seen;
    });
  const began = Date.now();
  const [first, second] = await states('MASTER', 'MASTER');
  const { since, ...rest } = first ?? assert.fail();
  const known = { name: 'V1', state: 'MASTER', interface: 'eth0', virtualRouterId: 51, priority: 120 };
  assert.deepEqual(rest, { ...known, faults: [], waitsForConnections: null, released: false });
  assert.ok(Math.abs(Date.parse(since ?? '') - began) < 200_000);
  assert.equal(second?.priority, 90);
  const [seen] = daemons();
  assert.deepEqual([seen?.program, seen?.pid, seen?.file], ['weir', daemon.pid, FILE]);
  assert.ok(Math.abs(Date.parse(seen?.since ?? '') - began) < 200_000);
  assert.match(node.weir('status').stdout, /^VRRP {7}V1 MASTER since .* ago\), VRID 51 on eth0, priority 120$/m);
  node.ip('link set eth0 down');
  const [fault] = await states('FAULT', 'FAULT');
  assert.match(fault?.faults.join() ?? '', /eth0/);
  node.ip('link set eth0 up');
  await states('MASTER', 'MASTER');
  const [file] = published();
  process.kill(Number(/\.(\d+)\.json$/.exec(file ?? '')?.[1]), 'SIGKILL');
  await daemon.until('another process', () => {
    const names = published();
    return names.length === 1 && names[0] !== file;
  });
  await states('MASTER', 'MASTER');
  writeFileSync(FILE, instance('V1', 51, 130));
  daemon.signal('SIGHUP');
  await daemon.until('the reload', () => instances().length === 1 && instances()[0]?.priority === 130);
  daemon.signal('SIGTERM');
  assert.equal(await daemon.ended(), 0);
  assert.deepEqual([daemons(), published()], [[], []]);
});

breadth(
  'keepalived publishes nothing: its process is named, and its state is not known',
  {
    skip: on.skip || noTools('keepalived'),
  },
  async () => {
    writeFileSync(FILE, instance('V1', 51, 120));
    const daemon = inNode(['keepalived', ...files]);
    await daemon.logged(/MASTER STATE/);
    const [seen, ...others] = daemons();
    assert.deepEqual([seen?.program, seen?.pid, seen?.file, seen?.instances, others], ['keepalived', daemon.pid, FILE, null, []]);
    assert.match(node.weir('status').stdout, new RegExp(`^VRRP {7}keepalived ${daemon.pid} publishes no state \\(kill -USR1 `, 'm'));
    daemon.signal('SIGTERM');
    await daemon.ended();
  },
);
