import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SysctlName, sysctlNames, sysctls, sysctlWithoutEffect } from './sysctls.js';

const host = { hz: 250, cpus: 8 };

/** As the key shows it afterwards; undefined: refused. */
function written(name: SysctlName, text: string, now = sysctls[name].initial): string | undefined {
  const { form } = sysctls[name];
  const words = form.parse(text, now, host);
  return words === undefined ? undefined : form.text(words, host);
}

test('the names stand in order, and each begins with a value of its own', () => {
  assert.deepEqual(sysctlNames, [...sysctlNames].sort());
  for (const name of sysctlNames) {
    const { form, initial } = sysctls[name];
    const shown = form.text(initial, host);
    assert.equal(written(name, shown), shown, name);
  }
});

test('ranges, as the kernel was seen to have them', () => {
  for (const name of ['drop_entry', 'drop_packet', 'secure_tcp'] as const) {
    assert.deepEqual(
      ['0', '1', '2', '3', '4', '-1', 'x', ''].map((text) => written(name, text)),
      ['0', '1', '2', '3', undefined, undefined, undefined, undefined],
    );
  }
  assert.deepEqual(
    ['0', '3', '4', '-1'].map((text) => written('sync_retries', text)),
    ['0', '3', undefined, undefined],
  );
  assert.deepEqual(
    ['1', '2'].map((text) => written('sync_version', text)),
    ['1', undefined],
  );
  assert.deepEqual(
    ['0', '1', '2', '3', '64', '128', '-2'].map((text) => written('sync_ports', text)),
    [undefined, '1', '2', undefined, '64', '128', undefined],
  );
  for (const name of sysctlNames) assert.equal(written(name, 'x'), undefined, name);
  for (const name of ['am_droprate', 'cache_bypass', 'conntrack', 'nat_icmp_send', 'run_estimation', 'sloppy_tcp'] as const) {
    assert.deepEqual(
      ['5', '2147483647', '2147483648'].map((text) => written(name, text)),
      ['5', '2147483647', undefined],
    );
  }
  assert.deepEqual(
    ['-20', '19', '-21', '20'].map((text) => written('est_nice', text)),
    ['-20', '19', undefined, undefined],
  );
});

test('numbers of seconds are bounded by jiffies in 32 bits', () => {
  for (const name of ['lblc_expiration', 'sync_refresh_period'] as const) {
    assert.deepEqual(
      ['-1', '8589934', '8589935', '-8589935'].map((text) => written(name, text)),
      ['-1', '8589934', undefined, undefined],
    );
  }
});

test('numbers are written as in C, and what follows the first word does not count, as the kernel was seen to read them', () => {
  const texts = ['010', '0x10', '0X10', '-0', '5 6', '  1', '2 x', '00', '1x', '+1', '08', '1,2', '0x', ''];
  const read = ['8', '16', '16', '0', '5', '1', '2', '0', ...new Array<undefined>(6).fill(undefined)];
  for (const name of ['am_droprate', 'cache_bypass', 'sync_refresh_period', 'expire_nodest_conn'] as const)
    assert.deepEqual(
      texts.map((text) => written(name, text)),
      read,
    );
  assert.deepEqual([written('sync_qlen_max', '-0'), written('sync_qlen_max', '2147483648')], [undefined, '2147483648']);
  for (const name of ['sync_sock_size', 'expire_nodest_conn', 'conn_reuse_mode', 'sloppy_tcp', 'run_estimation'] as const)
    assert.equal(written(name, '-1'), '-1');
});

test('threshold and period: the threshold alone keeps the period', () => {
  assert.deepEqual(
    ['3 50', '50 3', '0 0', '5 0', '-1 5', '7', 'x', '1 2 3', '03 0x32', '-0 50', '3 x', ''].map((text) =>
      written('sync_threshold', text, [3, 6]),
    ),
    ['3\t50', undefined, '0\t0', '5\t0', undefined, undefined, undefined, '1\t2', '3\t50', '0\t50', undefined, undefined],
  );
  assert.equal(written('sync_threshold', '7', [5, 0]), '7\t0');
});

test('lists of CPUs', () => {
  assert.equal(sysctls.est_cpulist.form.text(sysctls.est_cpulist.initial, host), '0-7');
  assert.deepEqual(
    ['0', '0-3', '7,1,2', '0-1,3-5', '3-1', '8', '-1', '1,', 'x'].map((text) => written('est_cpulist', text)),
    ['0', '0-3', '1-2,7', '0-1,3-5', undefined, undefined, undefined, undefined, undefined],
  );
});

test('what has no effect has a reason, unless it is left as it was', () => {
  assert.match(sysctlWithoutEffect('conntrack', '1') ?? '', /netfilter/);
  assert.equal(sysctlWithoutEffect('conntrack', '0'), undefined);
  assert.equal(sysctlWithoutEffect('drop_entry', '3'), undefined);
  assert.equal(sysctlWithoutEffect('constructor', '3'), undefined);
});
