// Ours and Debian's keepalived where something is wrong, or changes under way: what the pair does, in both roles, and what ours logs.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAdvert } from './frames.js';
import { ADDRESS, type Node, type Pair, type Settings, skipWithoutPeer, VIP, withPair } from './harness.js';
import { PRIORITY, roles } from './matrix.js';

const FAST = { version: 3, interval: '0.2' } as const;
/** An interval at which a busy machine does not make a backup master. */
const PATIENT = { version: 3, interval: '1' } as const;
const high = (more: Partial<Settings> = {}): Settings => ({ ...FAST, priority: PRIORITY.high, ...more });
const low = (more: Partial<Settings> = {}): Settings => ({ ...FAST, priority: PRIORITY.low, ...more });
const pass = (word: string): Partial<Settings> => ({
  version: 2,
  interval: '1',
  lines: ['authentication {', '  auth_type PASS', `  auth_pass ${word}`, '}'],
});

/** a (the higher) is master, b its backup. */
async function settle(pair: Pair, ofA: Settings, ofB: Settings): Promise<void> {
  const { a, b } = pair;
  a.start(a.configure(ofA));
  b.start(b.configure(ofB));
  await pair.until('b is up', () => b.hasLogged(/Entering BACKUP STATE/));
  await pair.until('the higher wins', () => a.holds() && !b.holds());
}

const changes = (node: Node): number => [...node.log.matchAll(/Entering (?:MASTER|BACKUP|FAULT) STATE/g)].length;

/** Follows what happens to a node's addresses from here on. */
function deletions(node: Node): () => number {
  const lines = new Set<string>();
  const before = node.host.ip('-o addr show');
  const index = (text: string) => new Set([...text.matchAll(/inet6? (\S+)/g)].map(([, address = '']) => address));
  const had = index(before);
  return () => {
    const has = index(node.host.ip('-o addr show'));
    for (const address of had) if (!has.has(address)) lines.add(address);
    return lines.size;
  };
}

interface Case {
  readonly name: string;
  readonly play: (pair: Pair) => Promise<void>;
}

const cases: readonly Case[] = [
  {
    name: 'orphan',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high(), low());
      await a.orphan();
      await pair.until('the other takes over', () => b.holds());
      await pair.until('b received priority 0', () => b.hasLogged(/Backup received priority 0 advertisement/));
      assert.ok(!a.holds(), 'the child took its addresses off');
    },
  },
  {
    name: 'link',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high(), low());
      a.host.ip('link set va down');
      await pair.until('the other takes over', () => b.holds());
      await pair.until('the first knows', () => a.hasLogged(/Entering FAULT STATE/));
      a.host.ip('link set va up');
      await pair.until('it comes back', () => a.holds() && !b.holds());
    },
  },
  {
    name: 'reload',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high(PATIENT), low(PATIENT));
      const [before, gone] = [changes(b), deletions(a)];
      a.reload(a.configure(high(PATIENT)));
      await pair.until('a took it', () => a.hasLogged(/Reload (?:complete|finished)/));
      // A second reload has one address more: the others are never removed, and there is no election.
      a.reload(a.configure(high({ ...PATIENT, vips: [`${VIP}/24`, '10.99.0.101/24'] })));
      await pair.until('the new one is there', () => a.holds('10.99.0.101'));
      assert.equal(gone(), 0);
      b.reload(b.configure(low({ ...PATIENT, vips: [`${VIP}/24`, '10.99.0.101/24'] })));
      await pair.until('b took it', () => b.hasLogged(/Reload (?:complete|finished)/));
      await pair.until('a alone holds both', () => a.holds() && a.holds('10.99.0.101') && !b.holds() && !b.holds('10.99.0.101'));
      assert.equal(gone(), 0);
      if (b.maker === 'weir') assert.equal(changes(b), before, 'our backup stays what it is');
    },
  },
  {
    name: 'swap',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high(), low());
      a.reload(a.configure(high({ priority: 50 })));
      await pair.until('roles change', () => b.holds() && !a.holds());
    },
  },
  {
    name: 'delay',
    play: async (pair) => {
      const { a, b } = pair;
      b.start(b.configure(low(PATIENT)));
      await pair.until('b is alone', () => b.holds());
      a.start(a.configure(high({ ...PATIENT, lines: ['preempt_delay 2'] })));
      await pair.until('a waits', () => a.hasLogged(/start preempt delay/));
      await pair.until('a takes over', () => a.holds() && !b.holds());
      await pair.until('a says so', () => a.hasLogged(/Entering MASTER STATE/));
      assert.ok(a.log.indexOf('start preempt delay') < a.log.indexOf('Entering MASTER STATE'));
    },
  },
  {
    name: 'deaf',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high(), low());
      const dropAdverts = 'table ip drop_adverts { chain input { type filter hook input priority 0; ip daddr 224.0.0.18 drop; }; }';
      const { status, stderr } = b.host.run(['nft', dropAdverts]);
      assert.equal(status, 0, stderr);
      await pair.until('both are masters', () => a.holds() && b.holds());
      b.host.run(['nft', 'delete', 'table', 'ip', 'drop_adverts']);
      await pair.until('one is', () => a.holds() && !b.holds());
      await pair.until('b says why', () => b.hasLogged(/Master received advert from 10\.99\.0\.1 with higher priority 200, ours 100/));
    },
  },
  {
    name: 'owner',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high({ priority: 255, lines: ['state MASTER'] }), low());
      await a.crash();
      await pair.until('the other takes over', () => b.holds());
      a.drop(`${VIP}/24`);
      a.start(a.configure(high({ priority: 255, lines: ['state MASTER'] })));
      await pair.until('the owner has it again', () => a.holds() && !b.holds());
    },
  },
  {
    name: 'source',
    play: async (pair) => {
      const { a, b } = pair;
      const unicast = (source: string, peer: string) => ({ lines: [`unicast_src_ip ${source}`, 'unicast_peer {', `  ${peer}`, '}'] });
      const waiting = a.configure(high(unicast('10.99.0.7', ADDRESS.b)));
      a.start(waiting);
      b.start(b.configure(low(unicast(ADDRESS.b, '10.99.0.7'))));
      await pair.until('the other is the master', () => b.holds());
      await pair.until('a says why it is not', () => a.hasLogged(/\(VI_1\): entering FAULT state \(src address not configured\)/));
      assert.ok(!a.holds(), 'one master');
      a.host.ip('addr add 10.99.0.7/24 dev va');
      // keepalived looks again at a reload of another file only.
      if (a.maker === 'debian') {
        await a.stop();
        a.start(waiting);
      }
      await pair.until('the higher takes over', () => a.holds() && !b.holds());
      if (a.maker === 'debian') return;
      a.host.ip('addr del 10.99.0.7/24 dev va');
      await pair.until('it gives up without the address', () => b.holds() && !a.holds());
    },
  },
  {
    name: 'vmac',
    play: async (pair) => {
      const { a, b } = pair;
      await settle(pair, high({ lines: ['use_vmac'] }), low({ lines: ['use_vmac'] }));
      await a.stop();
      await pair.until('the other takes over', () => b.holds());
      await b.stop();
      const frames = (await pair.captured()).filter(isAdvert);
      assert.deepEqual([...new Set(frames.map((frame) => frame['eth.src']))], ['00:00:5e:00:01:33']);
      assert.deepEqual([...new Set(frames.map((frame) => frame['ip.src']))].sort(), [ADDRESS.a, ADDRESS.b]);
    },
  },
];

/**
 * Settings with which the two refuse each other's adverts: both become masters, and ours logs the difference. A
 * keepalived that receives adverts more often than it sends its own never sends any: then only ARP shows it.
 */
const quarrels: readonly { readonly name: string; readonly a: Settings; readonly b: Settings; readonly says: RegExp }[] = [
  { name: 'password', a: high(pass('1111')), b: low(pass('2222')), says: /SPLIT BRAIN: .*: auth_pass \(or key\) differs/ },
  { name: 'version', a: high({ version: 2, interval: '1' }), b: low(), says: /SPLIT BRAIN: .*: (?:vrrp_version differs|it answers for)/ },
  { name: 'auth', a: high(pass('1111')), b: low({ version: 2, interval: '1' }), says: /SPLIT BRAIN: .*: auth_type differs/ },
  {
    name: 'interval',
    a: high({ version: 2, interval: '1' }),
    b: low({ version: 2, interval: '2' }),
    says: /SPLIT BRAIN: .*: advert_int differs/,
  },
  {
    name: 'uni',
    a: high({ lines: [`unicast_src_ip ${ADDRESS.a}`, 'unicast_peer {', `  ${ADDRESS.b}`, '}'] }),
    b: low(),
    says: /SPLIT BRAIN: .*: one node is set to unicast_peer, the other to multicast/,
  },
];

describe('trouble beside Debian', { concurrency: 4, skip: skipWithoutPeer() }, () => {
  for (const { high: first, low: second } of roles) {
    for (const { name, play } of cases) {
      test(`${name}: ${first} above ${second}`, () =>
        withPair(`${name}${first[0]}`, first, second, async (pair) => {
          await pair.listen();
          await play(pair);
        }));
    }
    for (const { name, a, b, says } of quarrels) {
      test(`${name}: ${first} above ${second}, both masters and ours says why`, () =>
        withPair(`${name}${first[0]}`, first, second, async (pair) => {
          await pair.listen();
          pair.a.start(pair.a.configure(a));
          pair.b.start(pair.b.configure(b));
          await pair.until('both are masters', () => pair.a.holds() && pair.b.holds());
          const ours = pair.a.maker === 'weir' ? pair.a : pair.b;
          await pair.until('ours says why', () => ours.hasLogged(says));
        }));
    }
    test(`list: ${first} above ${second}, another list of addresses`, () =>
      withPair(`list${first[0]}`, first, second, async (pair) => {
        const { a, b } = pair;
        await pair.listen();
        a.start(a.configure(high(PATIENT)));
        b.start(b.configure(low({ ...PATIENT, vips: [`${VIP}/24`, '10.99.0.101/24'] })));
        await pair.until('the higher is master', () => a.holds());
        if (second === 'debian') await pair.until('keepalived 2.2.7 refuses the advert and splits', () => b.holds());
        else {
          await pair.until('ours tells of the difference', () => b.hasLogged(/expected|ip address associated with VRID 51/));
          await a.crash();
          await pair.until('ours takes over', () => b.holds());
          await pair.until('ours says so', () => b.hasLogged(/Entering MASTER STATE/));
          assert.equal([...b.log.matchAll(/Entering MASTER STATE/g)].length, 1, 'and was backup until then');
        }
      }));
    test(`group: ${first} above ${second}, two instances move together`, () =>
      withPair(`group${first[0]}`, first, second, async (pair) => {
        const { a, b } = pair;
        pair.cable('va2', 'vb2', '10.98.0.1/24', '10.98.0.2/24');
        await pair.listen();
        const grouped = (node: Node, priority: number) =>
          `${node.configure({ ...FAST, priority })}
${node
  .configure({ ...FAST, priority, vips: ['10.98.0.100/24'] })
  .replace(/^global_defs \{[^}]*\}\n/, '')
  .replace('VI_1', 'VI_2')
  .replace(`interface ${node.device}`, `interface ${node.device}2`)}
vrrp_sync_group G1 {
  group {
    VI_1
    VI_2
  }
}
`;
        const both = (node: Node) => node.holds() && node.holds('10.98.0.100');
        const neither = (node: Node) => !node.holds() && !node.holds('10.98.0.100');
        a.start(grouped(a, PRIORITY.high));
        b.start(grouped(b, PRIORITY.low));
        await pair.until('the higher has both', () => both(a) && neither(b));
        a.host.ip('link set va2 down');
        await pair.until('the other has both', () => both(b) && neither(a));
        await pair.until('a says so', () => a.hasLogged(/VRRP_Group\(G1\) Syncing instances to FAULT state/));
        a.host.ip('link set va2 up');
        await pair.until('the higher has both again', () => both(a) && neither(b));
      }));
  }
});
