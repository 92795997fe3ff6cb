import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { labs } from '../labs/index.js';
import { problemsOf } from './validate.js';

/** A small valid lab; each test makes one change that is an error. */
const right = () => ({
  name: 'two',
  title: 'two hosts',
  switches: ['lan'],
  hosts: {
    a: { interfaces: { eth0: { switch: 'lan', addresses: ['10.0.0.1/24'] } } },
    b: { interfaces: { eth0: { switch: 'lan', addresses: ['10.0.0.2/24'] } }, sites: [{ port: 80 }] },
  },
  steps: [{ kind: 'run', on: 'a', command: 'true' }] as unknown[],
});

const problemTexts = (value: unknown): readonly string[] => problemsOf(value).map(({ path, message }) => `${path}: ${message}`);

test('every built-in lab is valid plain data', () => {
  for (const lab of labs) {
    assert.deepEqual(problemTexts(lab), [], lab.name);
    assert.deepEqual(JSON.parse(JSON.stringify(lab)), lab, lab.name);
  }
  assert.equal(new Set(labs.map(({ name }) => name)).size, labs.length);
});

test('a small lab is valid', () => assert.deepEqual(problemTexts(right()), []));

const spoiled: readonly (readonly [string, (lab: ReturnType<typeof right>) => unknown, string])[] = [
  ['not an object', () => [], ': expected an object, got []'],
  ['no steps', ({ steps: _, ...rest }) => rest, 'steps: expected a list, got nothing'],
  [
    'a name with blanks',
    (lab) => ({ ...lab, name: 'A lab' }),
    'name: expected a name of small letters, digits and dashes, at most 32, got "A lab"',
  ],
  [
    'an unknown key',
    (lab) => ({ ...lab, step: [] }),
    'step: unknown key; the known keys are name, title, switches, hosts, steps, capture, needs',
  ],
  [
    'an address without its length',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, a: { interfaces: { eth0: { switch: 'lan', addresses: ['10.0.0.1'] } } } } }),
    'hosts.a.interfaces.eth0.addresses[0]: expected an address with its prefix length, such as 192.168.88.10/24, got "10.0.0.1"',
  ],
  [
    'a length that IPv4 does not have',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, a: { interfaces: { eth0: { switch: 'lan', addresses: ['10.0.0.1/33'] } } } } }),
    'hosts.a.interfaces.eth0.addresses[0]: expected an address with its prefix length, such as 192.168.88.10/24, got "10.0.0.1/33"',
  ],
  [
    'a switch that is not there',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, a: { interfaces: { eth0: { switch: 'wan' } } } } }),
    'hosts.a.interfaces.eth0.switch: there is no switch wan; the switches are lan',
  ],
  [
    'a host that is not there',
    (lab) => ({ ...lab, steps: [{ kind: 'run', on: 'c', command: 'true' }] }),
    'steps[0].on: there is no host c; the hosts are a, b',
  ],
  [
    'a file outside the host',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, a: { interfaces: {}, files: { '../x': '' } } } }),
    'hosts.a.files.../x: expected a file name of letters, digits, dots, dashes, got "../x"',
  ],
  [
    'a step of no kind',
    (lab) => ({ ...lab, steps: [{ on: 'a' }] }),
    'steps[0].kind: expected one of run, wait, mark, traffic, served, got nothing',
  ],
  [
    'fewer answers than repetitions',
    (lab) => ({ ...lab, steps: [{ kind: 'run', on: 'a', command: 'true', times: 3, expect: { answers: ['x'] } }] }),
    'steps[0].expect.answers: expected as many answers as times (3), got 1',
  ],
  [
    'a pattern that is none',
    (lab) => ({ ...lab, steps: [{ kind: 'run', on: 'a', command: 'true', expect: { matches: ['('] } }] }),
    'steps[0].expect.matches[0]: expected a regular expression, got "("',
  ],
  [
    'a port that is none',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, b: { ...lab.hosts.b, sites: [{ port: 65536 }] } } }),
    'hosts.b.sites[0].port: expected a port (1 to 65535), got 65536',
  ],
  [
    'a protocol of no server',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, b: { ...lab.hosts.b, sites: [{ port: 23, protocol: 'telnet' }] } } }),
    'hosts.b.sites[0].protocol: expected one of smtp, pop3, imap, ftp, chat, got "telnet"',
  ],
  [
    'traffic in a lab without captures',
    (lab) => ({ ...lab, capture: false, steps: [{ kind: 'traffic', expect: [{ packets: 0 }] }] }),
    'steps[0]: traffic cannot be checked: the lab has capture: false',
  ],
  [
    'an interface that the host does not have',
    (lab) => ({ ...lab, steps: [{ kind: 'traffic', expect: [{ at: 'a:eth1', packets: 0 }] }] }),
    'steps[0].expect[0].at: a has no interface eth1; it has eth0',
  ],
  [
    'a host with the name of the switches',
    (lab) => ({ ...lab, hosts: { ...lab.hosts, sw: { interfaces: {} } } }),
    'hosts.sw: expected a host name of letters, digits and dashes, at most 32, other than sw, got "sw"',
  ],
];

for (const [what, spoil, message] of spoiled) {
  test(`${what}: reported with its path`, () => assert.deepEqual(problemTexts(spoil(right())), [message]));
}

test('every wrong key is reported, not only the first', () => {
  assert.equal(problemTexts({ ...right(), name: 7, title: '', switches: [] }).length, 3);
});

test('for any content of a file, the check returns a list', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.ok(problemsOf(value).length > 0);
    }),
  );
});

test('a key that every object inherits is unknown, too', () => {
  const lab: unknown = JSON.parse(JSON.stringify({ ...right(), x: 0 }).replace('"x"', '"constructor"'));
  assert.match(problemTexts(lab)[0] ?? '', /^constructor: unknown key/);
});
