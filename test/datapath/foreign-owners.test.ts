// Of three directors and more, one relays what another one has sent: who had the last packet of a connection itself knows better, where times are too close.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyChange } from '../../src/datapath/apply-change.js';
import { ConnectionNews } from '../../src/datapath/ebpf/sync/connection-news.js';
import { fromPeer } from '../../src/datapath/ebpf/sync/peer-rivalry.js';
import { RecentEnds } from '../../src/datapath/ebpf/sync/recent-ends.js';
import { TCP_STATES, type TcpState } from '../../src/datapath/tcp-state.js';
import type { Rivalry } from '../../src/model/foreign-connection.js';
import { ItemBits, type StreamItem } from '../../src/wire/sync/stream-item.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { additions } from './fixtures/setup-changes.js';
import { applier, bed, skip, wipe } from './foreign-bed.js';
import { applyBytes, changedBytes, ownBytes } from './own-stream.js';
import { checkTable } from './table-check.js';

/** Another one that knows nothing of its peers would win all that is close. */
const RIVALRY: Rivalry = { wins: true, owners: true, fresh: 1e9 };
const EARLIER: Rivalry = { ...RIVALRY, fresh: 0 };

const SYN = fromClient(tcp({ from: `${CLIENT}:4000`, to: `${VIP}:80` }, 'S'));
/** Less than what is too close. */
const CLOSE_MS = 80;

/** A director that has had a packet, and what two peers send it, which have each what it looked at. */
class Scene {
  readonly #news = [0, 1].map(() => new ConnectionNews(bed.folder));
  readonly #ends = new RecentEnds(() => performance.now());
  readonly beganAt = performance.now();
  readonly #bytes: Uint8Array;

  constructor() {
    wipe();
    for (const change of additions(service('tcp', VIP, 80, [destination(`${SERVERS[0]}:8080`, 'masq')]))) applyChange(bed.director, change);
    bed.send('ingress', 'front', SYN);
    this.#bytes = ownBytes(new ConnectionNews(bed.folder));
    const to = { connection: () => {}, template: () => {} };
    for (const each of this.#news) while (each.look(256, { ...to, ended: to }));
  }

  /** `idle`: hundredths of a second. */
  come(peer: number, state: TcpState, isOwn: boolean, { idle = 2, ended = false, rivalry = RIVALRY } = {}): string | undefined {
    const change = (item: StreamItem): void => {
      assert.notEqual(item.bits & ItemBits.own, 0, 'its packet came here');
      item.idle = idle;
      item.bits = (item.bits & ~(ItemBits.own | ItemBits.state)) | TCP_STATES.indexOf(state) | (isOwn ? ItemBits.own : 0);
    };
    const options = fromPeer(this.#news[peer]!, [this.#news[1 - peer]!], rivalry, { ends: this.#ends, peer });
    return applyBytes(bed, applier, changedBytes(this.#bytes, change, ended), options)[0];
  }

  get state(): string | undefined {
    return [...bed.director.connections()][0]?.state;
  }
}

test('the last packet of a director itself counts before a relay, however often it comes', { skip }, () => {
  for (;;) {
    const scene = new Scene();
    const found = [0, 1, 2, 3].map(() => [scene.come(0, 'ESTABLISHED', false), scene.state]);
    if (performance.now() - scene.beganAt > CLOSE_MS) continue; // it was not too close
    assert.deepEqual(found, new Array(4).fill(['newer', 'SYN_RECV']));
    return;
  }
});

test('what has ended is reported to a relay alone; who had the last packet knows better', { skip }, () => {
  const scene = new Scene();
  const before = { idle: 300 };
  assert.deepEqual(
    [scene.come(0, 'SYN_RECV', false, { ended: true }), scene.come(1, 'SYN_RECV', false, before), scene.state],
    ['ended', 'over', undefined],
  );
  const known = { ...before, rivalry: EARLIER };
  assert.equal(scene.come(1, 'SYN_RECV', false, known), 'over', 'it was here before');
  assert.equal(scene.come(1, 'SYN_RECV', true, known), 'gone');
  assert.deepEqual(
    [scene.come(0, 'ESTABLISHED', false), scene.come(1, 'FIN_WAIT', true, { rivalry: { ...RIVALRY, wins: false } }), scene.state],
    ['made', 'changed', 'FIN_WAIT'],
  );
  checkTable(bed);
});
