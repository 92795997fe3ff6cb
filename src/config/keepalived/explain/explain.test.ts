import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText } from '../../../../test/support/keepalived.js';
import { explain } from './explain.js';

function explained(text: string): readonly string[] {
  const { read, configuration } = readText(text, 'k');
  return explain(read.values, configuration, read.diagnostics)
    .split('\n')
    .map((line) => line.trim().replace(/ +# /, ' # '));
}

const INSTANCE =
  'vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\nadvert_int 1.4\nvirtual_ipaddress {\n10.0.0.100 dev eth1\n}\n}\n';

test('each value is printed with its place, and with the value in force', () => {
  const lines = explained(INSTANCE);
  assert.equal(lines[0], 'vrrp_instance V1 { # k:1');
  assert.ok(lines.includes('virtual_router_id 51 # k:3'));
  assert.ok(lines.includes('10.0.0.100 dev eth1 # k:6'));
  const interval = lines.find((line) => line.startsWith('advert_int'));
  assert.match(interval ?? '', /^advert_int 1 # k:4 \(1\.4 written\) \| .*rounding/);
});

test('unset values come from global_defs or are defaults', () => {
  const lines = explained(`global_defs {\nvrrp_version 3\n}\n${INSTANCE.replace('1.4', '0.5')}`);
  assert.ok(lines.includes('version 3 # from global_defs k:2'));
  assert.ok(lines.includes('priority 100 # default'));
  assert.ok(lines.includes('# smtp_connect_timeout 30 # default'), 'a bare default of a global setting stands in a comment');
});

test('checkers inherit from their server, that from its virtual server', () => {
  const check = 'real_server 10.0.0.2 {\nretry 3\nTCP_CHECK {\nconnect_port 81\n}\n}';
  const lines = explained(`virtual_server 10.0.0.1 80 {\nlvs_sched rr\nprotocol TCP\ndelay_loop 6\nquorum 7\n${check}\n}\n`);
  assert.ok(lines.includes('real_server 10.0.0.2 80 { # k:6'), 'with the port that holds');
  assert.ok(lines.includes('delay_loop 6 # from virtual_server k:4'));
  assert.ok(lines.includes('retry 3 # from real_server k:7'));
  assert.ok(lines.includes('quorum 1 # k:5 (7 written)'));
  assert.ok(lines.includes('lvs_method NAT # default'));
});

test("a checked file's weight is not its server's", () => {
  const check = 'real_server 10.0.0.2 80 {\nweight 3\nFILE_CHECK {\ntrack_file f\n}\n}';
  const lines = explained(`track_file f {\nfile /f\n}\nvirtual_server 10.0.0.1 80 {\nprotocol TCP\n${check}\n}\n`);
  assert.ok(!lines.some((line) => /^weight 3 # from/.test(line)));
});

test('words whose order matters keep their order', () => {
  const server = (lines: string): string => `virtual_server 10.0.0.1 80 {\n${lines}\nprotocol TCP\nreal_server 10.0.0.2 80 {\n}\n}\n`;
  for (const text of [server('sh-port\nlvs_sched sh'), server('lvs_sched sh\nsh-port')]) {
    const { read, configuration } = readText(text);
    const again = readText(explain(read.values, configuration, read.diagnostics)).configuration;
    assert.equal(again.virtualServers[0]?.schedFlags, configuration.virtualServers[0]?.schedFlags);
  }
});

test('scripts and quoted words are read as they were', () => {
  const notify = `vrrp_instance V1 {\ninterface eth0\nvirtual_router_id 51\nnotify "/bin/sh -c 'echo \\"a # b\\" \\\\\\\\ \\t{}'" root\n}\n`;
  const { read, configuration } = readText(notify);
  const script = configuration.instances[0]?.notify.all;
  assert.ok(script !== undefined);
  const again = readText(explain(read.values, configuration, read.diagnostics)).configuration;
  assert.deepEqual(again.instances[0]?.notify.all, script);
});

test('ignored words are reported at the end', () => {
  const lines = explained(INSTANCE.replace('advert_int', 'advertint'));
  assert.equal(lines.at(-3), '# Messages about lines that are not above:');
  assert.match(lines.at(-2) ?? '', /^# k:4: Unknown keyword 'advertint'/);
});

test('of the many messages about a repeated line some are printed, the others counted', () => {
  const [first = '', ...others] = explained('~SEQ(i,1,50) vrrp_instance V${i} { interface eth0 }\n').filter((line) =>
    line.startsWith('vrrp_i'),
  );
  assert.equal(others.length, 49);
  assert.match(first, /k:1 \| \(V1\) [^|]*\| [^|]*\| [^|]*\| … \d+ more$/);
});
