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
  assert.deepEqual(service.sorry && [endpointText(service.sorry), service.sorry.method], ['127.0.0.1:8080', 'local']);
  assert.deepEqual(service.destinations[0]?.check, {
    keyword: 'HTTP_GET',
    rows: [
      { keyword: 'url', rows: ['path /health.html', 'status_code 200', 'regex "I am fine"'] },
      'virtualhost www.example.com',
      'connect_timeout 3',
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
      { keyword: 'MISC_CHECK', rows: ['misc_path "/usr/local/bin/check 7 0 10.0.0.2 0"', 'misc_timeout 5'] },
      { keyword: 'DNS_CHECK', rows: ['connect_timeout 30'] },
      { keyword: 'TCP_CHECK', rows: ['connect_timeout 30'] },
    ],
  );
  assert.deepEqual(lossy(all), [
    '10 approximated: a server counts as healthy if it accepts connections: weir has no check for mysql',
    '11 approximated: ldirectord only connects 2 times of 3',
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
      '10 approximated',
      '11 approximated',
      '12 lost',
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
