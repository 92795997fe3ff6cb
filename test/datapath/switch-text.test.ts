// What the program of content switching reads of a connection's first bytes is what their rules have (first-bytes.ts): well-formed, mutated and hostile
// ones. What it decides the proxy, which is strict, reads in the same way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalisedPath } from '../../src/control/layer7/route/path.js';
import { SwitchAbi, SwitchProtocol } from '../../src/datapath/ebpf/switch.gen.js';
import { artifact } from '../../src/sys/artifact.js';
import { ObjectFile, type Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { bytesOfText, concat } from '../../src/wire/bytes.js';
import { parseRequestHead } from '../../src/wire/http/request-head.js';
import { mutate, type Random, randomBytes, randomFrom } from '../support/mutate.js';

import { skipReason } from './bed.js';
import { type Asked, askedByHttp, askedByTls, PATH_MAX } from './first-bytes.js';

const READ_AT = 256;
const CASES = 4000;
const PROGRAM = 'weir_switch_read';
const OTHERS = [
  'weir_xdp',
  'weir_tc_ingress',
  'weir_tc_egress',
  'weir_housekeeping',
  'weir_switch',
  'weir_switch_bind',
  'weir_switch_timer',
];

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
/** What the proxy's router is asked for. undefined: the proxy refuses it. */
function readByProxy(text: string): { readonly host: string; readonly path: string | undefined } | undefined {
  const head = parseRequestHead(text.slice(0, text.indexOf('\r\n\r\n') + 2), text.length);
  if (head.kind === 'refusal') return undefined;
  return { host: head.host.replace(/:\d*$/, '').toLowerCase(), path: normalisedPath(head.target)?.slice(0, PATH_MAX) };
}

const untilZero = (bytes: Uint8Array): string => textOf(bytes).split('\0')[0] ?? '';

/** undefined: undecided. */
function asked(program: Program, protocol: number, bytes: Uint8Array): Asked | undefined {
  const head = new Uint8Array(READ_AT);
  head[0] = protocol;
  const { retval, data } = program.test({ data: concat(head, bytes) });
  assert.ok(retval === 0 || retval === 1, `the program has read ${bytes.length} bytes`);
  if (retval === 0) return undefined;
  const [host, path] = [
    data.subarray(0, SwitchAbi.SWITCH_NAME),
    data.subarray(SwitchAbi.SWITCH_NAME, SwitchAbi.SWITCH_NAME + SwitchAbi.SWITCH_PATH),
  ];
  return { host: untilZero(host), path: untilZero(path) };
}

const pick = <T>(random: Random, ...from: readonly T[]): T => from[random(from.length)] as T;

/** Mostly decided. */
function plainRequest(random: Random): Uint8Array {
  const path = Array.from({ length: random(8) }, () => pick(random, '/a', '/bc', '/x.html', '/'.padEnd(30, 'z')));
  const fields = Array.from({ length: random(5) }, () => pick<string>(random, 'Accept: */*', 'h: 1', 'Hos: x', 'Hosts: x', 'X-Host: no'));
  const host = pick(random, 'Host: a.example', 'HOST:\t B.example:80', `Host: ${'n'.repeat(58 + random(10))}`);
  fields.splice(random(fields.length + 1), 0, host);
  const line = `${pick(random, 'GET', 'POST')} /${path.join('').slice(1)}${pick(random, '', '?', '?a=%20/../')} HTTP/1.${random(2)}`;
  return bytesOfText([line, ...fields, '', pick(random, '', '', 'body\r\n', '\n')].join('\r\n'));
}

function request(random: Random): Uint8Array {
  if (random(2) === 0) return plainRequest(random);
  const path = Array.from({ length: random(6) }, () =>
    pick(random, '/a', '/bc', '/', '/.', '/..', '%2e', '/x.html', 'y', '\\', '/'.padEnd(60, 'z')),
  );
  const fields = Array.from({ length: random(5) }, () =>
    pick(
      random,
      'Accept: */*',
      'h: 1',
      'Hos: x',
      'Hosts: x',
      'X-Host: no',
      'hOst: Q.Example:8080',
      'Host:',
      'Host: a.example',
      'Host : b.example',
      'Host\t: b.example',
      ': b',
      'a b: c',
      'X: \x01',
      'X: \x7f',
      `Cookie: ${'c'.repeat(random(90))}`,
      ' folded',
      'A:\x80',
      'Ho\0: y',
    ),
  );
  const host = pick(
    random,
    'Host: a.example',
    'HOST:\t B.example:80',
    `Host: ${'n'.repeat(58 + random(10))}`,
    'Host: a b',
    'Host: [::1]',
    'Host: x:8a',
    'Host: x:123456',
    'Host : b.example',
    '',
  );
  const target = `/${path.join('')}${pick(random, '', '?', '?a=%20/../', '#x')}`.slice(random(9) === 0 ? 1 : 0);
  const line = `${pick(random, 'GET', 'POST', 'get', 'PROPFIND', 'A'.repeat(17), '')} ${target} HTTP/${pick(random, '1.1', '1.0', '1.1', '2.0', '1.2')}`;
  return bytesOfText([line, ...fields, host, 'Z: z', '', ''].join(pick(random, '\r\n', '\r\n', '\r\n', '\n')));
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
const vector = (...parts: readonly Uint8Array[]): Uint8Array => {
  const body = concat(...parts);
  return concat(u16(body.length), body);
};
const extension = (kind: number, body: Uint8Array): Uint8Array => concat(u16(kind), vector(body));

/** In one record, mostly; or cut into several, which may be very small. */
function recordsOf(message: Uint8Array, random: Random): Uint8Array {
  const most = pick(random, 65_535, 65_535, 300, 70);
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; ) {
    const length = most === 65_535 ? message.length : 1 + random(most);
    records.push(Uint8Array.of(22, 3, 1), vector(message.subarray(at, at + length)));
    at += length;
  }
  return concat(...records);
}

function hello(random: Random): Uint8Array {
  const name = bytesOfText(pick(random, 'a.example', 'B.Example', 'x'.repeat(60 + random(8)), 'a/b', ''));
  const server = extension(0, vector(Uint8Array.of(random(12) === 0 ? 1 : 0), vector(name)));
  const others = Array.from({ length: random(6) }, () =>
    extension(1 + random(60), randomBytes(random, random(pick(random, 200, 200, 600)))),
  );
  const at = random(others.length + 1);
  const twice = random(8) === 0 ? [extension(0, vector(Uint8Array.of(0), vector(bytesOfText('other.example'))))] : [];
  const extensions = vector(...others.slice(0, at), ...(random(8) === 0 ? [] : [server]), ...others.slice(at), ...twice);
  const session = randomBytes(random, 32);
  const body = concat(
    Uint8Array.of(3, 3),
    randomBytes(random, 32),
    Uint8Array.of(session.length),
    session,
    vector(randomBytes(random, 2 * random(20))),
  );
  const whole = concat(body, Uint8Array.of(1, 0), extensions);
  return recordsOf(concat(Uint8Array.of(1, 0), u16(whole.length), whole), random);
}

test('the program reads first bytes as by their rules', { skip: skipReason() }, () => {
  using(new ObjectFile(artifact('weir-switch.bpf.o')), (object) => {
    for (const name of OTHERS) object.autoload(name, false);
    object.mapEntries('conns', 64).load();
    using(object.program(PROGRAM), (program) => {
      const random = randomFrom(7);
      const decided = { http: 0, tls: 0 };
      for (let i = 0; i < CASES; i++) {
        const made = i % 2 === 0 ? request(random) : hello(random);
        const bytes = (random(3) === 0 ? mutate(made, random) : made).subarray(0, SwitchAbi.SWITCH_HELD);
        if (bytes.length === 0) continue;
        const expected = i % 2 === 0 ? askedByHttp(textOf(bytes)) : askedByTls(bytes);
        const got = asked(program, i % 2 === 0 ? SwitchProtocol.SWITCH_HTTP : SwitchProtocol.SWITCH_TLS, bytes);
        assert.deepEqual(got, expected, `case ${i}: ${JSON.stringify(textOf(bytes))}`);
        if (got !== undefined && i % 2 === 0) assert.deepEqual(readByProxy(textOf(bytes)), got, `the proxy, case ${i}`);
        if (got !== undefined) decided[i % 2 === 0 ? 'http' : 'tls']++;
      }
      assert.ok(decided.http > CASES / 50 && decided.tls > CASES / 20, `decided: ${JSON.stringify(decided)}`);
    });
  });
});
