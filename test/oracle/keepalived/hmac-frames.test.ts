// Adverts of keepalived 2.4.3 with auth_hmac (two in a row, and the one of priority 0), with the files of both nodes. weir sends the same
// bytes at the same moment, accepts them once, and refuses them with another key.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ReceivedPacket } from '../../../src/control/vrrp/messages.js';
import type { KeepalivedConfiguration } from '../../../src/model/keepalived/configuration.js';
import { viewOf } from '../../../src/wire/bytes.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../src/wire/ipv4.js';
import { ip } from '../../support/ip.js';
import { readText } from '../../support/keepalived-text.js';
import { root } from '../../support/project.js';
import { eth0, give, instanceOf, logs, pass, S, startNode, taken, type VrrpNode } from '../../support/vrrp-node.js';

interface Recorded {
  readonly name: string;
  /** keepalived.conf */
  readonly sender: string;
  readonly receiver: string;
  /** `payload`: what follows the IP header, as hex */
  readonly frames: readonly { readonly destination: string; readonly payload: string }[];
}

const recorded = JSON.parse(readFileSync(join(root, 'test/oracle/keepalived/hmac-frames.json'), 'utf8')) as readonly Recorded[];
const TICKS = 0x10000;

/** The moment in a frame's trailer, in µs since 1970: the middle of its tick. */
function stampedAt(payload: Uint8Array): number {
  const view = viewOf(payload.subarray(payload.length - 28));
  return ((view.getUint32(4) * TICKS + view.getUint16(8) + 0.5) / TICKS) * S;
}

function node(configuration: KeepalivedConfiguration, host: 1 | 2, wallOffsetUs: number): VrrpNode {
  const interfaces = [{ ...eth0, addresses: [ip(`10.99.0.${host}`), ip(`fe80::${host}`)] }];
  const started = startNode(configuration, interfaces);
  give(started, { kind: 'configure', configuration, interfaces, wallOffsetUs });
  return started;
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** What weir sends when its clock shows `wallUs`: the first advert as master, or the one of priority 0. */
function sentAt(configuration: KeepalivedConfiguration, wallUs: number, goodbye: boolean): readonly Uint8Array[] {
  const sender = node(configuration, 1, 0);
  const masterAtUs = sender.wakeAtUs ?? assert.fail();
  const atUs = goodbye ? masterAtUs + 1 : masterAtUs;
  if (goodbye) pass(sender, masterAtUs);
  taken(sender);
  give(sender, { kind: 'clock', wallOffsetUs: wallUs - atUs });
  if (goodbye) give(sender, { kind: 'stop' }, atUs);
  else pass(sender, atUs);
  return taken(sender).flatMap((effect) => (effect.kind === 'send' ? [effect.payload] : []));
}

function arrived(payload: Uint8Array, destination: string): ReceivedPacket {
  const to = ip(destination);
  const source = ip(to.family === 'inet' ? '10.99.0.1' : 'fe80::1');
  const header = { ...IPV4_DEFAULTS, tos: 0xc0, id: 1, ttl: 255, protocol: 112, source, destination: to, payload };
  return {
    interface: 'eth0',
    source,
    destination: to,
    ttl: 255,
    protocol: 112,
    bytes: to.family === 'inet' ? encodeIpv4(header) : payload,
  };
}

for (const { name, sender, receiver, frames } of recorded) {
  const [ours, theirs] = [readText(sender).configuration, readText(receiver).configuration];

  test(`${name}: the same bytes`, () => {
    assert.ok(frames.length > 0, 'a frame was recorded');
    for (const { payload } of frames) {
      const bytes = bytesOf(payload);
      const sent = sentAt(ours, stampedAt(bytes), bytes[2] === 0).map((made) => Buffer.from(made).toString('hex'));
      assert.deepEqual(sent, [payload]);
    }
  });

  test(`${name}: accepted once`, () => {
    const first = stampedAt(bytesOf(frames[0]?.payload ?? ''));
    const backup = node(theirs, 2, first);
    for (const { payload, destination } of frames) {
      const bytes = bytesOf(payload);
      pass(backup, Math.max(backup.atUs, stampedAt(bytes) - first));
      const before = instanceOf(backup).counters;
      for (const time of ['first', 'second']) {
        give(backup, { kind: 'packet', packet: arrived(bytes, destination) });
        const { advertsReceived, hmacReplays } = instanceOf(backup).counters;
        assert.equal(advertsReceived, before.advertsReceived + 1, `${time}: ${logs(backup).join()}`);
        assert.equal(hmacReplays, before.hmacReplays + (time === 'first' ? 0 : 1));
      }
    }
  });

  test(`${name}: refused by a node with another key`, () => {
    const other = readText(receiver.replaceAll(/^( *key \d+ ).*$/gm, `$1${'x'.repeat(40)}`)).configuration;
    const { payload = '', destination = '' } = frames[0] ?? {};
    const backup = node(other, 2, stampedAt(bytesOf(payload)));
    give(backup, { kind: 'packet', packet: arrived(bytesOf(payload), destination) });
    assert.equal(instanceOf(backup).counters.hmacInvalid, 1);
  });
}

test('the recording has both versions and families, multicast and unicast', () => {
  assert.deepEqual(
    recorded.map(({ name }) => name),
    ['v3', 'v2', 'v6', 'uni4', 'uni6', 'sub', 'rot', 'long', 'ascii'],
  );
});
