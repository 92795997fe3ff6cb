// The VIPs of a weir.yaml on a host in a namespace: planned, applied with its table, all or nothing, shown as they drift, and exported.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { FilePlan } from '../../src/control/plan/file-plan.js';
import { projectRoot } from '../../src/lab/state/paths.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
const file = join(bed.folder('weir-vips-'), 'weir.yaml');
let gate: Host;
let thief: Host;

before(() => {
  if (on.skip) return;
  const lan = bed.lan('lan');
  gate = bed.host('gate');
  thief = bed.host('thief');
  bed.cable(gate, 'up7', lan, '172.29.5.9/24');
  bed.cable(thief, 'th0', lan, '172.29.5.77/24');
});
after(() => bed.close());

const addresses = (): readonly string[] =>
  gate
    .ip('-o addr show dev up7 scope global')
    .split('\n')
    .flatMap((line) => (/ inet6? (\S+)/.exec(line)?.[1] ?? '').split(' '))
    .filter((text) => text !== '' && text !== '172.29.5.9/24');

const SERVICES = 'services:\n  tcp:172.29.5.201:80: {servers: ["10.9.9.1:80"]}\n';

function weir(verb: string, text: string, ...options: readonly string[]) {
  writeFileSync(file, text);
  return gate.weir(`${verb} ${options.join(' ')} ${file}`);
}

test('a file gives this host its VIPs with its services, and takes them away again', on, () => {
  const wanted = `vips: {172.29.5.201: up7, "2001:db8:5::1": up7}\n${SERVICES}`;
  const planned = weir('plan', wanted);
  assert.equal(planned.status, 4, planned.stderr);
  assert.match(planned.stdout, /^VIPs\n {2}\+ 172\.29\.5\.201\/32 on up7\n {2}\+ 2001:db8:5::1\/128 on up7\n/m);
  assert.deepEqual(addresses(), []);
  const applied = weir('apply', wanted, '--json');
  assert.equal(applied.status, 0, applied.stderr);
  const { changes } = JSON.parse(applied.stdout) as FilePlan;
  assert.deepEqual(
    changes.map(({ kind, command }) => [kind, command]),
    [
      ['add-service', 'ipvsadm -A -t 172.29.5.201:80 -s wlc'],
      ['add-destination', 'ipvsadm -a -t 172.29.5.201:80 -r 10.9.9.1:80 -m -w 1'],
      ['add-vip', 'weir vip add 172.29.5.201/32 --dev up7'],
      ['add-vip', 'weir vip add 2001:db8:5::1/128 --dev up7'],
    ],
  );
  assert.deepEqual(addresses(), ['172.29.5.201/32', '2001:db8:5::1/128']);
  assert.equal(weir('plan', wanted).status, 0);
  assert.match(gate.weir('vip status 172.29.5.201 --dev up7').stdout, /added by weir/);

  // What is exported is the document of no change.
  const exported = gate.weir('export').stdout;
  assert.match(exported, /^vips:\n {2}172\.29\.5\.201:\n {4}interface: up7\n {4}label: up7:0\n/);
  assert.deepEqual([weir('plan', exported).status, weir('diff', exported).status], [0, 0]);

  // By hand: seen, and put right. Of the table alone nothing is changed.
  gate.ip('addr del 172.29.5.201/32 dev up7');
  const drift = weir('diff', wanted);
  assert.deepEqual([drift.status, drift.stdout], [4, '  ! VIP 172.29.5.201/32 on up7 is missing\n']);
  assert.equal(weir('apply', wanted).status, 0);
  assert.equal(weir('apply', SERVICES).status, 0);
  assert.deepEqual([...addresses()].sort(), ['172.29.5.201/32', '2001:db8:5::1/128']);

  const less = weir('apply', 'vips: {172.29.5.201/24: up7}\n');
  assert.match(less.stdout, / {2}- 2001:db8:5::1\/128 on up7\n {2}~ 172\.29\.5\.201\/24 on up7: prefix length 32 → 24\n/);
  assert.deepEqual(addresses(), ['172.29.5.201/24']);
  assert.equal(weir('apply', 'vips: {}\nservices: {}\n').status, 0);
  assert.deepEqual(addresses(), []);
});

test('where another host has one of the VIPs, neither the table nor an address is changed', on, () => {
  thief.ip('addr add 172.29.5.212/32 dev lo');
  const { status, stderr } = weir('apply', `vips: {172.29.5.211: up7, 172.29.5.212: up7}\n${SERVICES}`);
  thief.ip('addr del 172.29.5.212/32 dev lo');
  assert.equal(status, 1);
  assert.match(stderr, /answers for 172\.29\.5\.212 on up7: another host has it/);
  assert.deepEqual([addresses(), gate.weir('ipvsadm -Sn').stdout], [[], '']);
});

test('an interface that is not there: the file is refused, and nothing is changed', on, () => {
  assert.equal(weir('apply', 'vips: {172.29.5.221: up7}\n').status, 0);
  const wanted = `vips: {172.29.5.222: up7, 172.29.5.223: up8}\n${SERVICES}`;
  const refused = weir('apply', wanted);
  assert.deepEqual([refused.status, /no such interface: up8/.test(refused.stdout)], [1, true], refused.stderr);
  assert.deepEqual([addresses(), gate.weir('ipvsadm -Sn').stdout], [['172.29.5.221/32'], '']);
  assert.equal(weir('apply', 'vips: {}\n').status, 0);
});

test('where what they belong to fails, those that came go and those that went are back', on, () => {
  assert.equal(weir('apply', 'vips: {172.29.5.231: up7}\n').status, 0);
  const program = `
    import { execFileSync } from 'node:child_process';
    import { changingVips } from '${projectRoot()}/build/src/host/vip/change-vips.js';
    import { parseAddress } from '${projectRoot()}/build/src/model/address-text.js';
    const vip = { address: parseAddress('172.29.5.232'), prefixLength: 32, interface: 'up7' };
    const steps = [{ kind: 'take', address: parseAddress('172.29.5.231'), interface: 'up7' }, { kind: 'put', vip }];
    try {
      changingVips({ steps, own: [] }, console.log, (make) => {
        make();
        throw new Error(execFileSync('ip', ['-o', 'addr', 'show', 'dev', 'up7'], { encoding: 'utf8' }));
      });
    } catch (error) {
      console.log(error.message);
    }`;
  const { stdout, stderr } = gate.run([process.execPath, '--input-type=module', '-e', program]);
  assert.match(stdout, /172\.29\.5\.232\/32/, stderr);
  assert.doesNotMatch(stdout, /172\.29\.5\.231/);
  assert.deepEqual(addresses(), ['172.29.5.231/32']);
  assert.match(gate.weir('vip status 172.29.5.231 --dev up7').stdout, /added by weir/);
  assert.equal(gate.weir('vip status 172.29.5.232 --dev up7').status, 3);
  assert.equal(weir('apply', 'vips: {}\n').status, 0);
});
