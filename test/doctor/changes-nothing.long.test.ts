// weir doctor changes nothing on a director, whatever is broken there; what it finds due for repair `weir load` repairs, and reports.
import assert from 'node:assert/strict';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Bridge, Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { BRIDGE_PIN, type Tables } from '../../src/datapath/ebpf/table/tables.js';
import type { Finding } from '../../src/model/finding.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { tablesOf } from '../datapath/cluster.js';
import { hostPicture } from '../support/host-picture.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { codes, examine } from './verdict.js';

const on = { skip: noNamespaces() };
const bed = new Bed();
let gate: Host;
let folder: string;
const VIP = '198.51.100.10';
const tables = (): Tables => tablesOf(gate);
const picture = (): unknown => hostPicture(gate);

before(() => {
  if (on.skip) return;
  gate = bed.host('gate');
  // An address that is looked for elsewhere first would come to be used while doctor runs.
  gate.sysctl('net.ipv6.conf.default.accept_dad', '0');
  bed.cable(gate, 'wan0', bed.lan('outside'), '198.51.100.1/24', `${VIP}/32`);
  assert.equal(gate.ipvsadm(`-A -t ${VIP}:80 -s rr`).status, 0);
  ({ folder } = tables());
});
after(() => {
  gate?.weir('unload');
  bed.close();
});

const OWN: ReadonlySet<string> = new Set([
  'datapath-absent',
  'interface-uncovered',
  'pair-changed',
  'interface-changed',
  'table-unfinished',
  'programs-mixed',
  'table-moving',
  'programs-other-build',
]);
const own = (findings: readonly Finding[]): readonly Finding[] => findings.filter(({ code }) => OWN.has(code));

const buildPin = (): string => readdirSync(folder).find((name) => name.startsWith('build_')) ?? assert.fail('no build is named');

const FAULTS: readonly {
  readonly what: string;
  readonly make: () => void;
  readonly found: string;
  /** How often; absent: once. */
  readonly count?: number;
  readonly severity: string;
  /** What `weir load` prints then. */
  readonly reported: RegExp;
}[] = [
  {
    what: 'an interface that came later',
    make: () => {
      gate.ip('link add late type veth peer name late-far');
    },
    found: 'interface-uncovered',
    count: 2,
    severity: 'warning',
    reported: /^late: attached at tc ingress, tc egress$/m,
  },
  {
    what: 'forwarding that was turned off',
    make: () => gate.sysctl('net.ipv4.conf.weir0.forwarding', '0'),
    found: 'pair-changed',
    severity: 'error',
    reported: /^net\.ipv4\.conf\.weir0\.forwarding: 1 instead of 0$/m,
  },
  {
    what: "weir's own devices are gone",
    make: () => gate.ip('link del weir0'),
    found: 'pair-changed',
    severity: 'error',
    reported: /^weir0 and weir1: made$/m,
  },
  {
    what: "one of weir's own devices is down",
    make: () => gate.ip('link set weir1 down'),
    found: 'pair-changed',
    severity: 'error',
    reported: /^weir1: set up$/m,
  },
  {
    what: 'a setting of lo',
    make: () => gate.sysctl('net.ipv4.conf.lo.accept_local', '0'),
    found: 'pair-changed',
    severity: 'info',
    reported: /^net\.ipv4\.conf\.lo\.accept_local: 1 instead of 0$/m,
  },
  {
    what: 'another MAC',
    make: () => gate.ip('link set wan0 address 02:00:00:00:77:01'),
    found: 'interface-changed',
    severity: 'error',
    reported: /^wan0: known by its new MAC address$/m,
  },
  {
    what: 'a change that was killed',
    make: () => tables().conf.set(0, Conf.dirty, 1),
    found: 'table-unfinished',
    severity: 'warning',
    reported: /^the table: a change that a killed command had begun was finished or undone$/m,
  },
  {
    what: 'an exchange of programs that was killed',
    make: () => rmSync(`${folder}/${buildPin()}`),
    found: 'programs-mixed',
    severity: 'warning',
    reported: /^the programs of this build replaced those of another;/m,
  },
  {
    what: 'a change of the size of the connection table that was killed',
    make: () => using(BpfMap.createArray(BRIDGE_PIN, Bridge.bytes, 1), (map) => map.pin(`${folder}/${BRIDGE_PIN}`)),
    found: 'table-moving',
    severity: 'warning',
    reported: /^the connection table: what a killed command had begun was finished, room for \d+ connections now$/m,
  },
  {
    what: 'programs of another build',
    make: () => renameSync(`${folder}/${buildPin()}`, `${folder}/build_${'0'.repeat(32)}`),
    found: 'programs-other-build',
    severity: 'info',
    reported: /^the programs of this build replaced those of another;/m,
  },
  {
    what: 'loading that was killed',
    make: () => {
      // Interfaces are attached after this pin is made.
      for (const name of readdirSync(folder)) if (/^(conf$|link_|clsact_)/.test(name)) rmSync(`${folder}/${name}`);
    },
    found: 'datapath-absent',
    severity: 'error',
    reported: /^loaded: room for 1048576 connections, 16384 services, 65536 destinations$/m,
  },
];

test('nothing is due for repair where nothing is broken', on, () => {
  assert.deepEqual(own(examine(gate).findings), []);
  const { status, stdout } = gate.weir('load');
  assert.deepEqual([status, stdout], [0, '']);
});

for (const { what, make, found, count, severity, reported } of FAULTS) {
  test(`${what}: doctor reports it and leaves it, weir load repairs and reports it`, on, () => {
    make();
    const was = picture();
    for (let round = 0; round < 2; round++) {
      const findings = own(examine(gate, '--role director').findings);
      assert.deepEqual(
        findings.map((one) => [one.severity, one.code]),
        Array.from({ length: count ?? 1 }, () => [severity, found]),
      );
      assert.ok(findings.every(({ fix }) => fix === 'weir load'));
      assert.deepEqual(picture(), was);
    }
    const { status, stdout, stderr } = gate.weir('load');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, reported);
    assert.deepEqual(own(examine(gate, '--role director').findings), []);
    assert.equal(gate.weir('load').stdout, '', 'there is nothing more to do');
  });
}

test("beside another build's table doctor says so once, looks at the rest, and leaves it alone", on, () => {
  const { conf } = tables();
  const layout = conf.get(0, Conf.layout);
  conf.set(0, Conf.layout, layout + 1);
  const was = picture();
  gate.ip('link add lone type veth peer name lone-far');
  const verdict = examine(gate);
  assert.deepEqual([verdict.status, ...new Set(codes(verdict))], [1, 'datapath-other-build', 'interface-uncovered']);
  assert.equal(codes(verdict).filter((code) => code === 'datapath-other-build').length, 1);
  gate.ip('link del lone');
  assert.deepEqual(picture(), was);
  conf.set(0, Conf.layout, layout);
  assert.deepEqual(own(examine(gate, '--role director').findings), []);
});
