import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { collectWantedSwitch } from '../../collect/switched.js';
import { diagnose } from '../../diagnose.js';
import type { SwitchFact } from '../../switch-facts.js';

const right: SwitchFact = { listeners: ['203.0.113.9:80'], uncovered: [], off: [], unserved: [] };
const found = (switched: SwitchFact) =>
  diagnose({ ...director, datapath: { ...director.datapath, switched } }).filter(({ code }) => code.startsWith('switch-'));

test('content switching on all interfaces, with the sysctls that it needs: nothing', () => {
  assert.deepEqual(found(right), []);
});

test('a weir.yaml that asks for it, on a kernel that lacks something: what the command refuses it for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-switched-'));
  try {
    const file = join(folder, 'weir.yaml');
    const older = Buffer.from('\0bpf_cast_to_kern_ctx\0BPF_TCX_INGRESS\0');
    const findings = (way: string, types: Buffer) => {
      const route = `{ server_name: [a.example], way: ${way}, locations: [{ location: /, pool: one }] }`;
      writeFileSync(
        file,
        `layer7: { listeners: { web: "203.0.113.9:80" }, pools: { one: { servers: ["10.0.2.11:80"] } }, hosts: [${route}] }\n`,
      );
      const wantedSwitch = collectWantedSwitch(file, types);
      return diagnose({ ...director, ...(wantedSwitch === undefined ? {} : { wantedSwitch }) }).filter(
        ({ code }) => code === 'switch-kernel',
      );
    };
    const [finding] = findings('switch', older);
    assert.equal(finding?.severity, 'warning');
    assert.match(finding?.what ?? '', /\(web\), for which this kernel lacks bpf_sk_assign_tcp_reqsk \(Linux 6\.9\)$/);
    assert.deepEqual(findings('proxy', older), []);
    assert.deepEqual(findings('auto', Buffer.concat([older, Buffer.from('bpf_sk_assign_tcp_reqsk\0')])), []);
    assert.equal(collectWantedSwitch(join(folder, 'none'), older), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an address that is switched, and at which no process listens for what is undecided', () => {
  const [finding, ...others] = found({ ...right, unserved: ['203.0.113.9:80'] });
  assert.deepEqual([finding?.severity, finding?.code, others], ['error', 'switch-without-proxy', []]);
  assert.match(finding?.what ?? '', /^no process listens at 203\.0\.113\.9:80, which is switched by content$/);
});

test('interfaces without it, and sysctls that keep connections from the proxy', () => {
  const [passedBy] = found({ ...right, uncovered: ['eth2'] });
  assert.deepEqual([passedBy?.severity, passedBy?.code, passedBy?.advice], ['error', 'switch-passed-by', 'weir load']);
  assert.match(passedBy?.what ?? '', /no program on eth2/);
  const [off, ...others] = found({ ...right, off: ['net.ipv4.tcp_sack'] });
  assert.deepEqual([off?.severity, off?.code, off?.advice], ['error', 'switch-sysctl-off', 'sysctl -w net.ipv4.tcp_sack=1']);
  assert.deepEqual(others, []);
});
