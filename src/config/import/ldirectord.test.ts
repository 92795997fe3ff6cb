// ldirectord.cf → services: its manual page's words, and what becomes of each.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointText } from '../../model/endpoint-text.js';
import { serviceWord } from '../../model/service-word.js';
import type { Imported } from './imported.js';
import { importLdirectord } from './ldirectord.js';

const imported = (...lines: readonly string[]): Imported => importLdirectord('l.cf', lines.join('\n'));
const lossy = ({ lines }: Imported): readonly string[] =>
  lines
    .filter(({ status }) => status !== 'exact' && status !== 'equivalent')
    .map(({ line, status, consequence }) => `${line} ${status}: ${consequence}`);
const servers = ({ services }: Imported): readonly string[] =>
  services.flatMap(({ destinations }) => destinations.map(({ spec }) => `${endpointText(spec)} ${spec.method} ${spec.weight}`));

test('a virtual server with its real servers, fallback and negotiating check', () => {
  const all = imported(
    'checktimeout = 3',
    'checkinterval=5',
    'quiescent=no',
    'virtual=192.0.2.1:80',
    '\treal=10.0.0.2:80 gate 2',
    '        real=10.0.0.3->10.0.0.5:80 masq',
    '\treal=127.0.0.1:80 gate',
    '\tfallback=127.0.0.1:8080',
    '\tservice=http',
    '\trequest="health.html"',
    '\treceive="I am fine"',
    '\tvirtualhost=www.example.com',
    '\tscheduler=wlc',
    '\tpersistent=600',
    '\tnetmask=255.255.255.0',
    '\tprotocol=tcp',
  );
  const [service] = all.services;
  assert.equal(all.services.length, 1);
  assert.ok(service !== undefined);
  assert.equal(serviceWord(service.spec.key), 'tcp:192.0.2.1:80');
  assert.deepEqual([service.spec.scheduler, service.spec.persistence], ['wlc', { timeout: 600, netmask: 0xffffff00 }]);
  assert.deepEqual([service.checkInterval, service.keepsFailed], [5, false]);
  assert.deepEqual(servers(all), [
    '10.0.0.2:80 route 2',
    '10.0.0.3:80 masq 1',
    '10.0.0.4:80 masq 1',
    '10.0.0.5:80 masq 1',
    '127.0.0.1:80 local 1',
  ]);
  assert.deepEqual(service.sorry && [endpointText(service.sorry), service.sorry.method], ['127.0.0.1:80', 'local']);
  assert.deepEqual(service.destinations[0]?.check, {
    keyword: 'HTTP_GET',
    rows: [
      { keyword: 'url', rows: ['path /health.html', 'status_code 200', 'regex "I am fine"'] },
      'virtualhost www.example.com',
      'connect_timeout 3',
      'retry 0',
    ],
  });
  assert.deepEqual(lossy(all), []);
  assert.deepEqual(all.hosts, [
    'director: the address 192.0.2.1 is on one of its interfaces (weir vip add, or VRRP)',
    'server 10.0.0.3: answers to clients must come back through the director (its gateway)',
    'server 10.0.0.4: answers to clients must come back through the director (its gateway)',
    'server 10.0.0.5: answers to clients must come back through the director (its gateway)',
    'server 10.0.0.2: weir realserver start --mode dr --vip 192.0.2.1',
  ]);
});

test('marks, IPv6, protocols and kinds of checks', () => {
  const all = imported(
    'virtual=7',
    '  real=10.0.0.2 ipip',
    '  checktype=external',
    '  checkcommand=/usr/local/bin/check',
    'virtual6=[2001:db8::1]:53',
    '  real6=[2001:db8::2]:53 masq 3',
    '  netmask=64',
    '  persistent=60',
    'virtual=192.0.2.1:3306',
    '  real=10.0.0.3:3307 masq',
    '  checktype=2',
    '  service=mysql',
  );
  assert.deepEqual(
    all.services.map(({ spec }) => `${serviceWord(spec.key)} ${spec.scheduler} ${spec.persistence?.netmask}`),
    ['mark:7 wrr undefined', 'udp:[2001:db8::1]:53 wrr 64', 'tcp:192.0.2.1:3306 wrr undefined'],
  );
  assert.deepEqual(
    all.services.map(({ destinations }) => destinations[0]?.check),
    [
      { keyword: 'MISC_CHECK', rows: ['misc_path "/usr/local/bin/check 7 0 10.0.0.2 0"', 'misc_timeout 5', 'retry 0'] },
      { keyword: 'DNS_CHECK', rows: ['connect_timeout 30', 'retry 0'] },
      { keyword: 'TCP_CHECK', rows: ['connect_timeout 30', 'retry 0'] },
    ],
  );
  assert.deepEqual(lossy(all), [
    '11 approximated: ldirectord only connects 2 times of 3',
    '12 approximated: a server counts as healthy if it accepts connections: weir has no check for mysql',
  ]);
});

test('what cannot be carried is a line each, with what it means for packets', () => {
  const all = imported(
    'autoreload = yes',
    'real=10.0.0.9:80 gate',
    'nonsense = 3',
    'just words',
    'virtual=www.example.com:80',
    '  real=10.0.0.2:80 gate',
    'virtual=192.0.2.1:80',
    '  real=web2:80 gate',
    '  real=10.0.0.3:80 nat',
    '  real=10.0.0.4:8080 gate',
    '  scheduler=best',
    '  fallbackcommand=/bin/true',
    '  checktype=off',
    'virtual=192.0.2.1:80',
    '  real=10.0.0.5:80 gate',
  );
  assert.deepEqual(servers(all), ['10.0.0.4:80 route 1']);
  assert.deepEqual(
    all.lines.filter(({ status }) => status !== 'exact').map(({ line, status }) => `${line} ${status}`),
    [
      '1 lost',
      '2 refused',
      '3 refused',
      '4 refused',
      '5 refused',
      '8 refused',
      '9 refused',
      '10 equivalent',
      '11 approximated',
      '12 lost',
      '13 approximated',
      '14 refused',
    ],
  );
});

test('a weight that IPVS has not is refused, and two ports of one server are one server where packets keep theirs', () => {
  const all = imported(
    'virtual=192.0.2.1:80',
    '\treal=10.0.0.2:80 gate 65536',
    '\treal=10.0.0.2:80 gate -1',
    '\treal=10.0.0.3:80 gate 65535',
    '\treal=10.0.0.3:81 gate 2',
    '\tchecktype=connect',
  );
  assert.deepEqual(servers(all), ['10.0.0.3:80 route 65535']);
  assert.deepEqual(
    all.lines.filter(({ status }) => status === 'refused' || status === 'approximated').map(({ line, text }) => `${line} ${text}`),
    ['1 10.0.0.3:80', '2 real=10.0.0.2:80 gate 65536', '3 real=10.0.0.2:80 gate -1'],
  );
});

const check = ({ services }: Imported, at = 0) => services[at]?.destinations[0]?.check;

test('a server is down after failurecount failures, which are a try and its retries', () => {
  const all = imported(
    'checkinterval=4',
    'checktimeout=3',
    'failurecount=2',
    'virtual=192.0.2.1:80',
    '\treal=10.0.0.2:80 masq',
    '\tchecktype=connect',
    '\tservice=http',
    '\tfailurecount=3',
    'virtual=192.0.2.1:25',
    '\treal=10.0.0.2:25 masq # mail',
    '\tchecktype=ping',
    '\tcheckcount=2',
    '\tfailurecount=1',
    'virtual=192.0.2.1:514',
    '\treal=10.0.0.2:514 masq',
    '\tprotocol=udp',
    '\tchecktype=connect',
  );
  const times = (retry: number, delay: number): readonly string[] => ['connect_timeout 3', `retry ${retry}`, `delay_before_retry ${delay}`];
  assert.deepEqual(check(all), { keyword: 'TCP_CHECK', rows: times(2, 4) });
  assert.deepEqual(check(all, 1), { keyword: 'PING_CHECK', rows: times(1, 0) });
  assert.deepEqual(check(all, 2), { keyword: 'PING_CHECK', rows: times(1, 4) }, 'of UDP ldirectord connects by ping');
  assert.deepEqual(
    all.lines.filter(({ line }) => line < 9).map(({ line, status, became }) => `${line} ${status} ${became}`),
    [
      '1 equivalent delay_loop 4',
      '2 equivalent connect_timeout 3',
      '3 equivalent retry 1, delay_before_retry 4',
      '4 exact a service',
      '5 exact 1 × masq',
      '6 equivalent TCP_CHECK',
      '7 equivalent nothing',
      '8 equivalent retry 2, delay_before_retry 4',
    ],
  );
});

test('of one virtual server checkinterval needs fork=yes; values that are no numbers are named', () => {
  const lines = ['virtual=192.0.2.1:80', '\treal=10.0.0.2:80 masq', '\tchecktype=connect', '\tcheckinterval=3', '\tchecktimeout=soon'];
  assert.deepEqual([imported(...lines).services[0]?.checkInterval, imported('fork=yes', ...lines).services[0]?.checkInterval], [10, 3]);
  assert.deepEqual(lossy(imported(...lines)), ['5 approximated: soon is no number of seconds from 1 to 4294']);
});

test('a mark is checked at the port of its service, and without one not at all', () => {
  const lines = ['virtual=7', '\treal=10.0.0.2 gate', '\tchecktype=connect'];
  assert.deepEqual(check(imported(...lines, '\tservice=smtp')), {
    keyword: 'TCP_CHECK',
    rows: ['connect_port 25', 'connect_timeout 5', 'retry 0'],
  });
  assert.equal(check(imported(...lines)), true);
  assert.deepEqual(lossy(imported(...lines)), ['2 approximated: it is always taken as healthy: no port is known to connect to']);
});

const SETTINGS = [
  ...['checktimeout=3', 'negotiatetimeout=3', 'checkinterval=3', 'checkcount=3', 'failurecount=3', 'fallback=127.0.0.1:80'],
  ...['fallback6=[::1]:80', 'fallbackcommand="/bin/true"', 'quiescent=no', 'readdquiescent=no', 'maintenancedir=/x', 'service=http'],
  ...['service=mysql', 'checkcommand="/bin/x"', 'checkport=8', 'request="a"', 'receive="b"', 'httpmethod=HEAD', 'virtualhost=a'],
  ...['login="a"', 'passwd="a"', 'database="a"', 'secret="a"', 'load="a"', 'scheduler=wlc', 'persistent=9', 'netmask=255.255.255.0'],
  ...['protocol=tcp', 'ops=no', 'emailalert="a"', 'monitorfile="/x"', 'cleanstop=no', 'smtp=a', 'real=10.0.0.3:80 gate'],
];

for (const type of ['negotiate', 'connect', 'ping', 'external', 'external-perl', 'on', 'off', '3'])
  test(`each setting has a line, in a virtual server and before it: checktype ${type}`, () => {
    for (const setting of SETTINGS) {
      const inside = imported('virtual=192.0.2.1:80', '\treal=10.0.0.2:80 gate', `\tchecktype=${type}`, `\t${setting}`);
      const before = imported(setting, 'virtual=192.0.2.1:80', '\treal=10.0.0.2:80 gate', `\tchecktype=${type}`);
      assert.deepEqual(new Set(inside.lines.map(({ line }) => line)), new Set([1, 2, 3, 4]), setting);
      assert.deepEqual(new Set(before.lines.map(({ line }) => line)), new Set([1, 2, 3, 4]), setting);
    }
  });
