// Which tests may be skipped. Everywhere: by a probe with a name, `probe NAME: what is missing`. Where CI=true: by these only.

const MAY_FAIL_IN_CI = new Set([
  'emulator', // its kernel and packages come from the network
  'debian-archive', // its packages come from the network
  'clangs', // a machine with one clang has no other
  'chromium', // Ubuntu has it as a snap alone
  'bpftool', // Ubuntu has it per kernel only
  'tcx', // Linux 6.6
  'chroot', // a machine made by debootstrap
  'iptables-legacy', // a kernel without its tables
  'first-namespaces', // CI in a container
  'link-types', // a kernel without VLANs or bonds
  'tunnels', // a kernel without them; test/vm has one with all
  'esp', // a kernel without it; as with tunnels
  'ppp', // as with tunnels
  'big-tcp', // Linux 6.3
  'mdwe', // Linux 6.3
  'udev', // a container without it
  'no-systemd', // a machine with systemd, whose rule has another form
  'event-queue', // a kernel that is set to keep more events than a test should make
]);

/** The test that was skipped, as a failed one where it must not be; any other event as it is. */
export function judgeSkip(event, inCi = process.env.CI === 'true') {
  const { type, data } = event;
  if (type !== 'test:pass' || data.skip === undefined) return event;
  const [, probe] = /^probe ([a-z0-9-]+): /.exec(String(data.skip)) ?? [];
  if (probe !== undefined && (!inCi || MAY_FAIL_IN_CI.has(probe))) return event;
  const why = probe === undefined ? 'its reason is no “probe NAME: what is missing”' : `probe ${probe} must not fail where CI=true`;
  const error = { code: 'ERR_TEST_FAILURE', failureType: 'testCodeFailure', cause: `skipped, but ${why}: ${data.skip}` };
  const { skip: _, ...rest } = data;
  return { type: 'test:fail', data: { ...rest, details: { ...data.details, error } } };
}
