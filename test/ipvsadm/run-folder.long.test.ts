// Commands while /run is full or read-only: the table is in the kernel, and needs no file. Each test has a machine of its own: a PID, a mount
// and a network namespace, and a small /run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';

const skip = noNamespaces();
const RESTORED = ['-A -t 10.0.0.1:80 -s rr', '-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1', '-A -t 10.0.0.1:81 -s wlc'];

/** Runs a shell script as such a machine's process 1. `weir` and `ipvsadm` are commands there. */
function onMachine(script: string): readonly string[] {
  const begin = `set -e
    mount --make-rprivate /
    mount -t tmpfs -o size=64k,mode=755 tmpfs /run
    weir() { "$node" "$entry" "$@"; }
    ipvsadm() { weir ipvsadm "$@"; }
    fill() { dd if=/dev/zero of=/run/fill bs=4k count=100 2>/dev/null || true; }
    read_only() { mount -o remount,ro /run; }`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', '--pid', '--fork', '--mount-proc', '--net', 'sh', '-c', `${begin}\n${script}`],
    { encoding: 'utf8', env: { ...process.env, node: process.execPath, entry: ENTRY } },
  );
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').slice(0, -1);
}

const restore = `printf '%s\\n' ${RESTORED.map((line) => `'${line}'`).join(' ')} | weir ipvsadm-restore`;

test('a full /run: the first command, and all others', { skip }, () => {
  const saved = onMachine(`fill
    ipvsadm -A -t 10.0.0.1:80 -s rr
    ipvsadm -Ln >/dev/null
    ${restore}
    ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 7
    ipvsadm -Sn
    weir unload
    ${restore}
    ipvsadm -Sn
    weir unload`);
  const changed = RESTORED.map((line) => line.replace('-w 1', '-w 7'));
  assert.deepEqual(saved, [...changed, ...RESTORED]);
});

for (const [name, before] of [
  ['', ''],
  [', and no lock files there', 'rm -r /run/weir/lock'],
] as const) {
  test(`a read-only /run${name}: all commands but the first`, { skip }, () => {
    const saved = onMachine(`ipvsadm -A -t 10.0.0.9:80 -s rr
      ${before}
      read_only
      ${restore}
      ipvsadm -Ln >/dev/null
      weir stats drops
      weir proc ip_vs >/dev/null
      weir sysctl -w net.ipv4.vs.sloppy_tcp=1 >/dev/null
      weir load
      ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 7
      ipvsadm -Sn
      weir unload
      find /run/weir/bpf -mindepth 1 -type d`);
    assert.deepEqual(saved, ['none', ...RESTORED.map((line) => line.replace('-w 1', '-w 7'))]);
  });
}

test('a read-only /run and nothing loaded: one line, with the path', { skip }, () => {
  const [text] = onMachine(`read_only
    weir load 2>&1 || echo $?`);
  assert.match(text ?? '', /^weir load: cannot make \/run\/weir for the pinned tables: EROFS: .*$/);
});

test('root without CAP_NET_ADMIN cannot unload: nothing is gone', { skip }, () => {
  const [refusal, status, ...left] = onMachine(`${restore}
    setpriv --bounding-set=-all --inh-caps=-all "$node" "$entry" unload 2>&1 || echo $?
    ipvsadm -Sn
    weir load
    cat /proc/sys/net/ipv4/conf/lo/accept_local`);
  assert.match(refusal ?? '', /^weir unload: EPERM: /);
  assert.equal(status, '1');
  assert.deepEqual(left, [...RESTORED, '1']);
});

test('a container with the network of a host that is a director: its /run is another, and no second one is loaded', { skip }, () => {
  const [refusal, status, ...left] = onMachine(`${restore}
    unshare --mount --pid --fork --mount-proc sh -c 'mount -t tmpfs none /run; "$node" "$entry" load' 2>&1 || echo $?
    ipvsadm -Sn
    weir load
    weir unload
    unshare --mount --pid --fork --mount-proc sh -c 'mount -t tmpfs none /run; "$node" "$entry" ipvsadm -A -t 10.0.0.3:80; "$node" "$entry" unload'
    ip link add name weir0 type veth peer name weir1
    ipvsadm -A -t 10.0.0.4:80 -s rr
    ipvsadm -Sn`);
  assert.match(
    refusal ?? '',
    /^weir load: another weir is loaded in this network namespace; its tables are in a \/run\/weir\/bpf that cannot be seen here — fix: /,
  );
  assert.equal(status, '1');
  assert.deepEqual(left, [...RESTORED, '-A -t 10.0.0.4:80 -s rr']);
});
