// Content switching and its servers: one that is deleted before it has answered, one that takes smaller segments, one behind a smaller MTU; segments with
// a wrong checksum, of which no other one is made; and what is left of connections that ended before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { keyCount } from '../../src/datapath/ebpf/switch/switch-maps.js';
import { ensureSwitch } from '../../src/datapath/ebpf/switch/switch-programs.js';
import { SwitchProgram } from '../../src/datapath/ebpf/switch.gen.js';
import { sameDestination } from '../../src/model/identity.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../src/sys/bpf/records.js';
import { using } from '../../src/sys/fd.js';
import { bytesOfText, concat } from '../../src/wire/bytes.js';
import { skipReason } from './bed.js';
import { at } from './fixtures/bed-addresses.js';
import { ip } from './namespace.js';
import { TC } from './run.js';
import { CLIENT, FIRST, freshPort, greeted, ONE, type SwitchBed, switchBed, TWO } from './switch-bed.js';

const skip = skipReason();
const ISN = 77;

const CONFIG = `layer7:
  listeners: { first: ${FIRST} }
  pools:
    one: { servers: ["${ONE}:80"] }
    two: { servers: ["${TWO}:80"] }
    both: { servers: ["${ONE}:80", "${TWO}:80"] }
  hosts:
    - { server_name: [one.example], way: switch, locations: [{ location: /, pool: one }] }
    - { server_name: [two.example], way: switch, locations: [{ location: /, pool: two }] }
    - { server_name: [both.example], way: switch, locations: [{ location: /, pool: both }] }
`;

/** `length`: of the whole request. */
function request(host: string, length = 0): Uint8Array {
  const [head, end] = [`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: `, '\r\n\r\n'];
  return bytesOfText(`${head}${'c'.repeat(Math.max(0, length - head.length - end.length))}${end}`);
}

/** A handshake: what the first segment has of it. */
function handshake(bed: SwitchBed): { readonly from: string; readonly acknowledgement: number } {
  const { from, cookie } = greeted(bed, FIRST);
  return { from, acknowledgement: (cookie + 1) >>> 0 };
}

const mss = (size: number): Uint8Array => Uint8Array.of(2, 4, size >> 8, size & 255);

test('a segment with a wrong checksum begins, answers and ends nothing', { skip }, () => {
  const bed = switchBed(CONFIG);
  const counts = bed.counted(() => {
    assert.equal(bed.damagedFromClient(`${CLIENT}:${freshPort()}`, FIRST, 'S', { sequence: 5000 }), TC.shot);
    for (const payload of [request('one.example'), concat(request('one.example'), new Uint8Array(3001).fill(0xfe))]) {
      const { from, acknowledgement } = handshake(bed);
      const first = { sequence: 5001, acknowledgement, payload };
      assert.equal(bed.damagedFromClient(from, FIRST, 'PA', first), TC.shot);
      assert.equal(bed.fromClient(from, FIRST, 'PA', first).code, TC.redirect);
      assert.equal(bed.damagedFromClient(from, FIRST, 'R', { sequence: 5001 }), TC.shot);
      const answer = { sequence: ISN, acknowledgement: 5001 };
      for (const letters of ['SA', 'RA']) assert.equal(bed.damagedFromServer(`${ONE}:80`, from, letters, answer), TC.shot);
      assert.equal(bed.fromServer(`${ONE}:80`, from, 'SA', answer).code, TC.unspec);
    }
  });
  assert.deepEqual(counts, { SWITCHED_SYN: 2, SWITCHED_ASKED: 2, SWITCHED_BOUND: 2, SWITCHED_BAD_CHECKSUM: 9, flows: 2 });
});

test('a server gets no more in a segment than it takes, and than goes there in one packet', { skip }, () => {
  const bed = switchBed(CONFIG);
  ip([`route add ${TWO}/32 dev back mtu lock 1000`]);
  for (const [host, server, options, size] of [
    ['one.example', ONE, mss(1460), 1400],
    ['one.example', ONE, mss(700), 700],
    ['two.example', TWO, mss(1460), 960],
    ['two.example', TWO, mss(700), 700],
  ] as const) {
    const payload = request(host, 1400);
    const { from, acknowledgement } = handshake(bed);
    assert.equal(bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload }).to, `${server}:80`);
    const { segment } = bed.fromServer(`${server}:80`, from, 'SA', { sequence: ISN, acknowledgement: 5001, options });
    assert.equal(segment.payload.length, size, `${host}, ${options}`);
    assert.ok(Buffer.compare(segment.payload, payload.subarray(0, size)) === 0);
    // The rest, as its client sends it again.
    const rest = bed.fromClient(from, FIRST, 'PA', { sequence: 5001 + size, acknowledgement, payload: payload.subarray(size) });
    assert.deepEqual([rest.code, rest.segment.sequence, rest.segment.acknowledgement], [TC.unspec, 5001 + size, ISN + 1]);
  }
});

test('where its server is deleted before it has answered, a connection goes to another one with the next segment', { skip }, () => {
  const bed = switchBed(CONFIG);
  const payload = request('both.example');
  const { from, acknowledgement } = handshake(bed);
  const first = { sequence: 5001, acknowledgement, payload };
  const { to: asked } = bed.fromClient(from, FIRST, 'PA', first);
  const [gone, other] = asked === `${ONE}:80` ? [ONE, TWO] : [TWO, ONE];
  const { director } = bed.bed;
  const [service = assert.fail('a service')] = director.services();
  const { spec } = service.destinations.find((each) => sameDestination(each.spec, at(gone, 80))) ?? assert.fail('its server');
  director.deleteDestination(service.spec.key, spec);
  try {
    const again = bed.fromClient(from, FIRST, 'PA', first);
    assert.deepEqual([again.code, again.to, again.segment.flags], [TC.redirect, `${other}:80`, 0x02]);
    const bound = bed.fromServer(`${other}:80`, from, 'SA', { sequence: ISN, acknowledgement: 5001 });
    assert.deepEqual([bound.code, bound.segment.payload], [TC.unspec, payload]);
  } finally {
    director.addDestination(service.spec.key, spec);
  }
});

test('while no program makes SYNs a first segment leaves nothing, and begins its connection when it comes again', { skip }, () => {
  const bed = switchBed(CONFIG);
  const { from, acknowledgement } = handshake(bed);
  const first = { sequence: 5001, acknowledgement, payload: request('one.example') };
  // As a takeover does it.
  using(BpfMap.pinned(`${bed.folder}/switch_programs`), (programs) => programs.delete(u32(SwitchProgram.SWITCH_BIND)));
  const none = bed.counted(() => assert.equal(bed.fromClient(from, FIRST, 'PA', first).code, TC.shot));
  assert.deepEqual(none, { SWITCHED_FAILED: 1 });
  ensureSwitch(bed.bed.tables);
  const one = bed.counted(() => assert.equal(bed.fromClient(from, FIRST, 'PA', first).code, TC.redirect));
  assert.deepEqual(one, { SWITCHED_ASKED: 1, flows: 1 });
});

test('the timer looks at every connection again and again, and removes what has ended', { skip }, async () => {
  const bed = switchBed(CONFIG);
  const { tables } = bed.bed;
  const conns = new Uint8Array(bed.bed.memoryOf('conns'));
  const hz = tables.conf.get(0, Conf.hz);
  const begin = (): void => {
    const payload = request('one.example');
    const { from, acknowledgement } = handshake(bed);
    assert.equal(bed.fromClient(from, FIRST, 'PA', { sequence: 5001, acknowledgement, payload }).code, TC.redirect);
  };
  const flowsAre = async (count: number): Promise<void> => {
    while (keyCount(bed.folder, 'switch_flows') !== count) await setTimeout(20);
  };
  begin();
  conns.fill(0);
  begin();
  // By this clock no second takes any time.
  tables.conf.set(0, Conf.hz, 1);
  try {
    await flowsAre(1);
    await setTimeout(300);
    await flowsAre(1);
    conns.fill(0);
    await flowsAre(0);
  } finally {
    tables.conf.set(0, Conf.hz, hz);
  }
});
