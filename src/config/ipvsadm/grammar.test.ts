import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import fc from '../../../test/support/properties.js';
import type { Command } from './command.js';
import { parseCommand } from './grammar.js';
import { isIpvsadmError } from './usage-error.js';
import type { Lookup } from './values.js';

const lookup: Lookup = { host: () => undefined, port: (name) => (name === 'http' ? 80 : undefined) };

/** Words by blanks; `''` is an empty word. */
function words(line: string): string[] {
  return line
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => (word === "''" ? '' : word));
}

const parse = (line: string): Command => parseCommand(words(line), lookup);

/** `status: message` */
function refusal(line: string): string {
  try {
    parse(line);
  } catch (error) {
    assert.ok(isIpvsadmError(error));
    return `${error.exitStatus}: ${error.message}`;
  }
  return 'nothing was refused';
}

function refuses(samples: Readonly<Record<string, string>>): void {
  for (const [line, expected] of Object.entries(samples)) assert.equal(refusal(line), expected, line);
}

const HINT = "255: Try `ipvsadm -h' or 'ipvsadm --help' for more information.";

test('the first option is a command', () => {
  refuses({
    '-n -L': HINT,
    '-Q': HINT,
    '--nosuch': HINT,
    foo: HINT,
    '-t 10.0.0.1:80 -A': HINT,
    '--start-daemon': HINT,
    '-6': HINT,
    '-x 1': HINT,
  });
  assert.equal(refusal('foo -L'), '2: unexpected argument foo');
});

test('only one command, named as typed', () => {
  refuses({
    '-A -D -t 10.0.0.1:80': "2: invalid option `-D'",
    '-LA': "2: invalid option `-LA'",
    '-L -h': "2: invalid option `-h'",
    '-L --version': "2: invalid option `--version'",
    '-A --start-daemon master': "2: invalid option `master'",
  });
});

test("popt's errors end with 255, and a restore goes on after them", () => {
  refuses({
    '-A -t': '255: -t: missing argument',
    '-L --pe': '255: --pe: missing argument',
    '-A -t 10.0.0.1:80 -Q': '255: -Q: unknown option',
    '-L --stat': '255: --stat: unknown option',
    '-L --stats=1': '255: --stats=1: option does not take an argument',
    '--set -1 0 0': '255: -1: unknown option',
  });
  assert.throws(() => parse('-A -t'), { code: 'ipvsadm-bad-word' });
  assert.throws(() => parse('-A'), { code: 'ipvsadm-option-needed' });
});

test('an option is given once', () => {
  refuses({
    '-A -t 10.0.0.1:80 -u 10.0.0.1:80': "2: multiple 'service-address' options specified",
    '-A -t 10.0.0.1:80 -f 1': "2: multiple 'service-address' options specified",
    '-A -s rr -s rr': "2: multiple 'scheduler' options specified",
    '-a -m -g': "2: multiple 'forwarding-method' options specified",
    '-L -nn': "2: multiple 'numeric' options specified",
    '-a -w 1 -w x': "2: multiple 'weight' options specified",
  });
  assert.equal(parse('-L --sort --sort').kind, 'list');
  assert.equal(parse('-A -f 1 -6 -6').kind, 'add-service');
});

test('what each command needs and allows', () => {
  refuses({
    '-A': "2: You need to supply the 'service-address' option for the 'add-service' command",
    '-E -s rr': "2: You need to supply the 'service-address' option for the 'edit-service' command",
    '-D': "2: You need to supply the 'service-address' option for the 'delete-service' command",
    '-a': "2: You need to supply the 'service-address' option for the 'add-server' command",
    '-e -t 10.0.0.1:80': "2: You need to supply the 'real-server' option for the 'edit-server' command",
    '-d -t 10.0.0.1:80': "2: You need to supply the 'real-server' option for the 'delete-server' command",
    '-C -n': "2: Illegal 'numeric' option with the 'flush' command",
    '-Z -n': "2: Illegal 'numeric' option with the 'zero' command",
    '-S -t 10.0.0.1:80': "2: Illegal 'service-address' option with the 'save' command",
    '-R -n': "2: Illegal 'numeric' option with the 'restore' command",
    '-L -s rr': "2: Illegal 'scheduler' option with the 'list' command",
    '-L --atomic': "2: Illegal 'atomic' option with the 'list' command",
    '--set 1 2 3 -n': "2: Illegal 'numeric' option with the 'set' command",
    '--start-daemon master -n': "2: Illegal 'numeric' option with the 'start-daemon' command",
    '--stop-daemon backup --mcast-ttl 1': "2: Illegal 'mcast-ttl' option with the 'stop-daemon' command",
    '-A -r 10.0.0.2:80 -n': "2: Illegal 'numeric' option with the 'add-service' command",
    '-a -n': "2: Illegal 'numeric' option with the 'add-server' command",
    '-L -c -t 10.0.0.1:80': "2: The option 'service-address' conflicts with the 'connection' option in the 'list' command",
    '-L --daemon --timeout': "2: The option 'daemon' conflicts with the 'timeout' option in the 'list' command",
    '-L -c --rate': '2: options conflicts in the list command',
    '-L --daemon --persistent-conn': '2: options conflicts in the list command',
  });
  for (const line of [
    '-L -c --persistent-conn',
    '-L -c --tun-info',
    '-L --timeout --exact',
    '-L --syncid 3',
    '-L --stats --rate --nosort',
  ]) {
    assert.match(parse(line).kind, /^list/, line);
  }
});

test('words that are left over', () => {
  refuses({
    '-A foo -t 10.0.0.1:80': '2: unexpected argument foo',
    '-L -- -n': '2: unexpected argument -n',
    '--set': '2: --set option requires 3 timeout values',
    '--set 1 2': '2: --set option requires 3 timeout values',
    '--set 1 2 3 4': '2: unexpected argument 4',
    '--set abc 0 0': "2: invalid timeout value `abc' specified",
    '--set 0 2678401 0': "2: invalid timeout value `2678401' specified",
  });
});

test('values that are refused', () => {
  refuses({
    '-A -t 80': '2: illegal virtual server address[:port] specified',
    '-a -t 10.0.0.1:80 -r [::1]': '2: illegal real server address[:port] specified',
    '-a -w -1': '2: illegal weight specified',
    '-a -w 2147483648': '2: illegal weight specified',
    '-a -x x': '2: illegal u_threshold specified',
    "-a -y ''": '2: illegal l_threshold specified',
    '-A -t 10.0.0.1:80 -M x': '2: illegal virtual server persistent mask specified',
    '-A -t [::1]:80 -M 129': '2: illegal ipv6 netmask specified',
    '-A -f 0': "2: invalid fwmark value `0' specified",
    '-A -6 -f 1': '2: -6 used before -f\n',
    '-L -6': '2: -6 used before -f\n',
    '-A -t 10.0.0.1:80 -p 0': "2: invalid timeout value `0' specified",
    '-A -t 10.0.0.1:80 -b sh-port': "2: incompatible scheduler flag `sh-port'",
    '-A -t 10.0.0.1:80 -b x': "2: invalid scheduler flag `x'",
    '-a --tun-type x': '2: illegal tunnel type specified',
    '-a --tun-port 0': '2: illegal tunnel port specified',
    '--start-daemon x': '2: illegal start-daemon parameter specified',
    '--stop-daemon x': '2: illegal start_daemon specified',
    '--start-daemon master --syncid 256': '2: illegal syncid specified',
    '--start-daemon master --mcast-port 0': '2: illegal mcast-port specified',
    '--start-daemon master --mcast-ttl 256': '2: illegal mcast-ttl specified',
    '--start-daemon master --sync-maxlen 65508': '2: illegal sync-maxlen specified',
    '--start-daemon backup --sync-peers lb2': '2: illegal sync-peers specified',
    '--start-daemon backup --sync-peers 10.8.9.2,': '2: illegal sync-peers specified',
    '--start-daemon master --mcast-group 10.1.1.1': "2: invalid IPv4 mcast-group `10.1.1.1'",
  });
});

test('what makes no sense together', () => {
  refuses({
    '-A -t 10.0.0.1': '2: Zero port specified for non-persistent service',
    '-E -t 10.0.0.1:0': '2: Zero port specified for non-persistent service',
    '-A -t 10.0.0.1:80 -o': '2: One-Packet Scheduling is only for UDP virtual services',
    '-a -t 10.0.0.1:80 -r ::1 -m': '2: Different address family is allowed only for tunneling servers',
    '-a -t 10.0.0.1:80 -r 10.0.0.2 --tun-csum': '2: Tunnel options conflict with forward method',
    '-a -t 10.0.0.1:80 -r 10.0.0.2 -m --tun-type gue': '2: Tunnel options conflict with forward method',
    '-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gue': "2: You need to supply the 'tun-port' option for the 'gue' tunnel type",
    '-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-port 5': "2: Illegal 'tun-port' option with the 'ipip' tunnel type",
    '-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-remcsum': "2: Illegal 'tun-remcsum' option with the 'gre' tunnel type",
    '-a -t 10.0.0.1:80 -r 10.0.0.2 -i --tun-type gre --tun-csum --tun-nocsum':
      "2: The option 'tun-csum' conflicts with the 'tun-nocsum' option in the 'gre' tunnel type",
  });
});

const service = { kind: 'address', protocol: 'tcp', address: { family: 'inet', words: [0x0a000001] }, port: 80 } as const;

test("a service as stated, with ipvsadm's defaults", () => {
  const plain = { key: service, scheduler: 'wlc', schedFlags: 0, onePacket: false };
  assert.deepEqual(parse('-A -t 10.0.0.1:80'), { kind: 'add-service', spec: plain });
  assert.deepEqual(parse("-E --tcp-service=10.0.0.1:http -s ''"), { kind: 'edit-service', spec: plain });
  assert.deepEqual(parse('-A -t10.0.0.1:80 -p -s averyverylongschedulername --pe sip -b flag-2'), {
    kind: 'add-service',
    spec: { ...plain, scheduler: 'averyverylongsc', schedFlags: 2, persistence: { timeout: 360, netmask: 0xffffffff, engine: 'sip' } },
  });
  assert.deepEqual(parse('-A -t 10.0.0.1:80 --pe sip'), { kind: 'add-service', spec: { ...plain, idleEngine: 'sip' } });
  assert.deepEqual(parse("-A -t 10.0.0.1:80 --pe ''"), { kind: 'add-service', spec: plain });
  const v6 = { ...service, address: { family: 'inet6', words: [0, 0, 0, 1] } };
  const persistence = { timeout: 5, netmask: 128 };
  assert.deepEqual(parse('-A -M 255.0.0.0 -t [::1]:80 -p5'), { kind: 'add-service', spec: { ...plain, key: v6, persistence } });
  assert.deepEqual(parse('-A -f 7 -6 -o'), {
    kind: 'add-service',
    spec: { ...plain, key: { kind: 'fwmark', family: 'inet6', mark: 7 }, onePacket: true },
  });
});

const ipip = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;

test("a server as stated, with ipvsadm's defaults", () => {
  const address = { family: 'inet', words: [0x0a000002] };
  const spec = { address, port: 80, method: 'route', weight: 1, upperThreshold: 0, lowerThreshold: 0, tunnel: ipip };
  assert.deepEqual(parse('-a -t 10.0.0.1:80 -r 10.0.0.2'), { kind: 'add-destination', service, spec });
  assert.deepEqual(parse('-e -t 10.0.0.1:80 -r 10.0.0.2:8080 -g'), { kind: 'edit-destination', service, spec });
  assert.deepEqual(parse('-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -mw3 -x 5 -y 2'), {
    kind: 'add-destination',
    service,
    spec: { ...spec, port: 8080, method: 'masq', weight: 3, upperThreshold: 5, lowerThreshold: 2 },
  });
  assert.deepEqual(parse('-a -r 10.0.0.2 -t 10.0.0.1:80 -m'), {
    kind: 'add-destination',
    service,
    spec: { ...spec, port: 0, method: 'masq' },
  });
  assert.deepEqual(parse('-d -t 10.0.0.1:80 -r 10.0.0.2'), { kind: 'delete-destination', service, key: { address, port: 80 } });
  assert.deepEqual(parse('-d -t 10.0.0.1:80 -r 10.0.0.2:8080'), { kind: 'delete-destination', service, key: { address, port: 8080 } });
});

test('listing: statistics before rates before thresholds before the rest', () => {
  const format = { mode: 'plain', numeric: false, exact: false, sorted: true };
  assert.deepEqual(parseCommand([], lookup), { kind: 'list', format });
  assert.deepEqual(parse('-l -nX --nosort'), { kind: 'list', format: { mode: 'plain', numeric: true, exact: true, sorted: false } });
  assert.deepEqual(parse('-L --rate --stats -t 10.0.0.1:80'), { kind: 'list', format: { ...format, mode: 'stats' }, service });
  assert.deepEqual(parse('-L --tun-info --persistent-conn --thresholds'), { kind: 'list', format: { ...format, mode: 'thresholds' } });
  assert.deepEqual(parse('-Lcn --persistent-conn'), { kind: 'list-connections', numeric: true, engines: true });
});

test('zeroing nothing in particular is zeroing everything', () => {
  assert.deepEqual(parse('-Z'), { kind: 'zero' });
  assert.deepEqual(parse('-Z -t 0.0.0.0:0'), { kind: 'zero' });
  assert.deepEqual(parse('-Z -t 10.0.0.1:80'), { kind: 'zero', service });
});

test('daemons', () => {
  assert.deepEqual(parse('--start-daemon master'), { kind: 'start-daemon', daemon: { role: 'master', interface: 'eth0', syncId: 0 } });
  assert.deepEqual(
    parse('--start-daemon backup --mcast-interface averyverylongname0 --syncid 3 --mcast-port 9 --mcast-ttl 5 --sync-maxlen 1000'),
    {
      kind: 'start-daemon',
      daemon: { role: 'backup', interface: 'averyverylongna', syncId: 3, port: 9, ttl: 5, maxLength: 1000 },
    },
  );
  assert.deepEqual(parse('--start-daemon backup --sync-peers 10.8.9.2,fd00::2'), {
    kind: 'start-daemon',
    daemon: { role: 'backup', interface: 'eth0', syncId: 0, peers: [ip('10.8.9.2'), ip('fd00::2')] },
  });
  assert.deepEqual(parse('--stop-daemon master'), { kind: 'stop-daemon', role: 'master', syncId: 0 });
});

test('any words are a command or a usage error', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '-A',
      '-E',
      '-a',
      '-e',
      '-d',
      '-D',
      '-L',
      '-Z',
      '-t',
      '-u',
      '-f',
      '-r',
      '-s',
      '-p',
      '-M',
      '-w',
      '-m',
      '-g',
      '-i',
      '-b',
      '-6',
      '-o',
      '-n',
      '-c',
      '--set',
    ),
    fc.constantFrom(
      '10.0.0.1:80',
      '[::1]:80',
      '1',
      '0',
      'rr',
      'x',
      '--tun-type',
      'gue',
      '--tun-port',
      '--start-daemon',
      'master',
      '--',
      '',
    ),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 9 }), (line) => {
      try {
        assert.equal(typeof parseCommand(line, lookup).kind, 'string');
      } catch (error) {
        assert.ok(isIpvsadmError(error), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
