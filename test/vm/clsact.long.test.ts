// The oldest kernel that weir runs on, Debian 12's 6.1, in an emulator: attached by clsact, for it has no tcx; tables that get another size
// under traffic; every packet fixture, and spoilt ones; and what each other clang here makes of the datapath. Five minutes of one core, so it
// waits for test/vm/prepare to have been run, as .ci/run does.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { compiledBy, filtersBy, OBJECTS, otherClangs, SIDE_NAMES } from '../datapath/compilers.js';
import { inGuest, noGuest } from './in-guest.js';

/** What each other clang here makes of the datapath and of the socket filters. */
function compileAll(objects: string): void {
  for (const clang of otherClangs()) {
    compiledBy(clang, (object) => copyFileSync(object, `${objects}/${clang}.o`));
    mkdirSync(`${objects}/${clang}`);
    filtersBy(clang, `${objects}/${clang}`);
  }
}

/** Whose bridging builds the new sizes load: of IPv4, IPv6, all ports and SCTP. */
const RESIZED_BY = ['', '-ipv6', '-wide', '-sctp'].map((name) => `weir-bridge${name}.bpf.o`);

const talked = (count: number): string => `${['IPv4', 'IPv6', 'SCTP', 'ports'].map((kind) => `${kind} ${count}`).join(' ')}\n`;
const newSizes = (room: number): string =>
  ['', ' of IPv6', ' of all ports', ' of SCTP'].map((table) => `the connection table${table}: room for ${room} connections now\n`).join('');
const RESIZED = [talked(1), newSizes(16_384), talked(2), 'meanwhile\n', talked(1)].join('');

test('Debian’s 6.1 kernel: balances by clsact, gives everything back, and passes every packet fixture', { skip: noGuest }, () => {
  // Beside other tests it has half a core at times.
  const output = inGuest('clsact.guest', 2_500, compileAll);
  assert.match(output.get('kernel') ?? '', /^6\.1\./);
  assert.equal(output.get('answers'), 'web2\nweb1\nweb2\nweb1\n');
  assert.equal(output.get('here'), 'web2\nweb1\n', 'a client on the director itself');
  const listing = (output.get('listing') ?? '').replace(/ +/g, ' ');
  for (const server of ['10.8.2.11:80', '10.8.3.12:80']) assert.ok(listing.includes(` -> ${server} Masq 1 0 3`), listing);
  const sent = 10 * Array.from({ length: 20_000 }, (_, k) => ((k + 1) * 7) & 255).reduce((sum, byte) => sum + byte);
  const sctpAnswers = (...names: readonly string[]): string => names.map((name) => `${name} 200000 ${sent}\n`).join('');
  const inTurn = `${sctpAnswers('web2', 'web1', 'web2', 'web1')}SCTP\n`;
  assert.equal(output.get('sctp'), inTurn, 'by sockets of SCTP, with a port for each server');
  assert.equal(output.get('sctp6'), inTurn, 'the same over IPv6');
  assert.equal(output.get('sctp all ports'), sctpAnswers('web1', 'web1', 'web2', 'web2'), 'by services of all ports');
  const filters = ['front ingress', 'front egress', 'lo ingress', 'lo egress'];
  assert.equal(output.get('filters'), filters.map((place) => `${place} weir_tc_${place.split(' ')[1]}\n`).join(''));
  assert.equal(output.get('exchanged'), 'the programs of this build\nanother\nweb2\nweb1\n', 'one filter took the other’s place');
  assert.equal(output.get('ipv6'), 'web2\nweb1\nweb2\nweb1\nweb2\nweb1\n', 'over IPv6, of the client and of the director');
  assert.equal(output.get('resized'), RESIZED, 'no connection is lost, before, meanwhile and after');
  assert.equal(output.get('reused'), 'weir_tc_ingress\n', 'attached to a new interface under an old number');
  assert.equal(output.get('unloaded'), '0\n', 'no filter, no device is left');
  assert.match(output.get('fixtures') ?? '', /^# pass [1-9]\d{2,}\n# fail 0\n# skipped 0\n$/);
  assert.equal(output.get('spoilt'), 'the same\n', 'spoilt frames, by the programs and by the reference director');
  const moving = Object.values(OBJECTS).filter((name) => /^weir-(?:bridge|takeover)/.test(name));
  const builds = (output.get('builds') ?? '').split('\n').filter((name) => name !== '');
  assert.deepEqual(new Set([...builds, ...RESIZED_BY]), new Set(moving), 'builds with two tables that the kernel loads');
  const switched = (output.get('another layout') ?? '').split('\n').filter((name) => name !== '');
  assert.deepEqual(new Set(switched), new Set(SIDE_NAMES.map((name) => OBJECTS[`bridge-${name}`])), 'with a table of another layout');
  const loaded = (output.get('compilers') ?? '').split('\n').filter((name) => name !== '');
  assert.deepEqual(new Set(loaded), new Set(otherClangs()), 'what other compilers made');
  const socketFilters = (output.get('socket filters') ?? '').split('\n').filter((name) => name !== '');
  assert.deepEqual(new Set(socketFilters), new Set(['dist', ...otherClangs()]), 'whose socket filters the kernel loads');
  assert.ok(output.has('end'));
});
