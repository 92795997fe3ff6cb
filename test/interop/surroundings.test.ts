// What programs around the daemon see of it: the same of both makers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Bed, type Host } from '../support/netns-bed.js';
import { ownPidFiles } from '../support/own-pid-files.js';
import { pidIn } from '../support/pids.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { type Maker, program, skipWithoutPeer } from './harness.js';

const skip = skipWithoutPeer();
const MAKERS: readonly Maker[] = ['weir', 'debian'];

let bed: Bed;
let host: Host;
let folder: string;
before(() => {
  if (skip !== false) return;
  bed = new Bed();
  host = bed.host('around');
  bed.cable(host, 'eth0', bed.lan('lan'), '10.99.0.1/24');
  folder = mkdtempSync(join(tmpdir(), 'weir-around-'));
});
after(() => {
  if (skip !== false) return;
  bed.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string): string => join(folder, name);
const options = (text: string): readonly string[] => {
  writeFileSync(file('conf'), text);
  return ['-n', '-l', '-G', '-P', '-f', file('conf'), ...ownPidFiles(folder)];
};
const instance = (name: string, own: string): string =>
  `vrrp_instance ${name} {\ninterface eth0\n${own}\nvirtual_ipaddress {\n10.99.0.100/24\n}\n}\n`;

test('-v has the words that exporters look for', { skip }, () => {
  for (const maker of MAKERS) {
    const { stderr } = spawnSync(program(maker), ['-v'], { encoding: 'utf8' });
    assert.match(stderr, /^Keepalived v2\.2\.7 /, maker);
    assert.match(stderr, /^configure options: .*--enable-json .*--enable-bfd /m, maker);
    assert.match(stderr, /^Config options: {2}.* JSON BFD /m, maker);
  }
});

test('-t answers alike about virtual servers', { skip }, () => {
  const server = (own: string): string =>
    `virtual_server 10.99.0.100 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${own}\nreal_server 10.99.0.7 80 {\nTCP_CHECK {\n}\n}\n}\n`;
  const files: Readonly<Record<string, number>> = {
    [server('')]: 0,
    [server('persistence_timeout 50')]: 0,
    [server('').replace('NAT', 'TUN')]: 0,
    [server('').replace('10.99.0.100 80', 'fwmark 7').replace('protocol TCP\n', '')]: 0,
    [server('nonsense 1')]: 5,
  };
  for (const [text, status] of Object.entries(files)) {
    writeFileSync(file('conf'), text);
    const [ours, theirs] = MAKERS.map((maker) => host.run([program(maker), '-t', '-f', file('conf')]));
    assert.deepEqual([ours?.status, theirs?.status], [status, status], text);
  }
});

test('a file whose only instance cannot be used ends with 2', { skip }, () => {
  const files = {
    'no virtual_router_id': instance('A', ''),
    'no interface': instance('A', 'virtual_router_id 51').replace('interface eth0\n', ''),
    'another family': instance('A', 'virtual_router_id 51\nnative_ipv6'),
    'with static addresses': `${instance('A', '')}static_ipaddress {\n10.99.0.9/32 dev eth0\n}\n`,
  };
  for (const [what, text] of Object.entries(files))
    for (const maker of MAKERS) assert.equal(host.run([program(maker), ...options(text)]).status, 2, `${what}: ${maker}`);
});

test('the process list shows the path and the words one by one, for the daemon and its child', { skip }, async () => {
  for (const maker of MAKERS) {
    const argv = [program(maker), ...options(instance('A', 'virtual_router_id 51'))];
    const daemon = new RunningDaemon(['ip', 'netns', 'exec', host.namespace, ...argv]);
    try {
      await daemon.logged(/Startup complete/);
      await daemon.until('the pid file', () => pidIn(file('r.pid')) > 0);
      for (const pid of [daemon.pid, pidIn(file('r.pid'))])
        assert.deepEqual(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').split('\0'), argv, maker);
    } finally {
      await daemon.stop();
    }
  }
});
