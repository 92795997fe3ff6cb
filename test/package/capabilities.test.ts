// A director with the four capabilities of docs/container.md, as root of a container has them, and what is printed where one of them lacks.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { projectRoot } from '../../src/lab/state/paths.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('setpriv') };
const bed = new Bed();
const folder = bed.folder('weir-capabilities-');
let gate: Host;

before(() => {
  if (on.skip) return;
  gate = bed.host('gate');
  bed.cable(gate, 'up7', bed.lan('lan'), '172.29.6.9/24');
  // The file system of BPF is there: what mounts it has CAP_SYS_ADMIN.
  gate.weir('load');
  gate.weir('unload');
});
after(() => bed.close());

const with_ = (capabilities: string, words: string) =>
  gate.run(['setpriv', `--bounding-set=-all,${capabilities}`, '--inh-caps=-all', join(projectRoot(), 'bin/weir'), ...words.split(' ')]);

const FOUR = '+net_admin,+bpf,+perfmon,+net_raw';

test('four capabilities load the datapath, change the table and add VIPs', on, () => {
  const file = join(folder, 'weir.yaml');
  writeFileSync(file, 'vips: {172.29.6.200: up7}\nservices: {"tcp:172.29.6.200:80": {servers: ["172.29.6.20:80"]}}\n');
  const applied = with_(FOUR, `apply ${file}`);
  assert.deepEqual([applied.status, applied.stderr], [0, '']);
  assert.match(with_(FOUR, 'ipvsadm -Ln').stdout, /-> 172\.29\.6\.20:80 +Masq/);
  assert.equal(with_(FOUR, 'vip status 172.29.6.200 --dev up7').status, 0);
  writeFileSync(file, 'vips: {}\nservices: {}\n');
  assert.equal(with_(FOUR, `apply ${file}`).status, 0);
  assert.equal(with_(FOUR, 'unload').status, 0);
});

test('where one of them lacks, it is named', on, () => {
  assert.match(
    with_('+net_admin,+bpf', 'load').stderr,
    /the kernel refuses the datapath \(EACCES\): this process lacks CAP_PERFMON — fix: .*--cap-add/,
  );
  assert.match(with_('+net_admin,+perfmon', 'load').stderr, /this process lacks CAP_BPF/);
});

test('a lab in a user namespace is refused before anything is built', on, () => {
  const { status, stdout, stderr } = gate.run([
    'unshare',
    '--user',
    '--map-root-user',
    '--net',
    join(projectRoot(), 'bin/weir'),
    'lab',
    'nat',
  ]);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /loads no BPF programs in a user namespace/);
});
