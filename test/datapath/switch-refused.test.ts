// Content switching on a kernel that lacks something for it: it is refused before anything is changed.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { readWeirFile } from '../../src/config/weir/read.js';
import { switchPlan } from '../../src/control/layer7/switch/switch-plan.js';
import type { EbpfDirector } from '../../src/datapath/ebpf/ebpf-director.js';
import { applySwitch } from '../../src/datapath/ebpf/switch/apply-switch.js';
import { WeirError } from '../../src/model/errors/weir-error.js';
import { openBed, skipReason } from './bed.js';

const FILE = `layer7:
  listeners: { web: "10.0.1.100:80" }
  pools: { one: { servers: ["10.0.2.11:80"] } }
  hosts: [{ server_name: [a.example], way: switch, locations: [{ location: /, pool: one }] }]
`;

test('a kernel that lacks something is refused with its name, and no service, map or program comes', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const plan = switchPlan(readWeirFile(FILE).file.layer7 ?? assert.fail('no section layer7'));
    const director = bed.director as EbpfDirector;
    const older = Buffer.from('\0bpf_cast_to_kern_ctx\0BPF_TCX_INGRESS\0');
    assert.throws(
      () => applySwitch(director, plan, older),
      (error: unknown) =>
        error instanceof WeirError && error.code === 'switch-needs-kernel' && /bpf_sk_assign_tcp_reqsk/.test(error.message),
    );
    assert.deepEqual(director.services(), []);
    for (const pin of ['switch_listeners', 'weir_switch']) assert.equal(existsSync(`${bed.folder}/${pin}`), false, pin);
    applySwitch(director, plan);
    assert.equal(director.services().length, 1);
  } finally {
    bed.close();
  }
});
