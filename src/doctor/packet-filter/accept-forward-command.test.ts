import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { acceptForwardCommand } from './accept-forward-command.js';
import { blockingRule } from './blocking.js';
import { iptablesChains } from './iptables-chains.js';
import type { PacketProbe } from './model.js';
import { nftChains } from './nft-chains.js';

const probe: PacketProbe = {
  direction: 'through',
  interfaceName: 'eth0',
  leavesBy: 'weir0',
  source: ip('198.51.100.20'),
  destination: ip('198.51.100.80'),
  protocol: 'tcp',
  anyClient: true,
  anyDestination: true,
};

/** The policy of FORWARD is to drop. */
const table = (...rules: readonly string[]): string =>
  ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT DROP [0:0]', ':DOCKER-USER - [0:0]', ...rules, 'COMMIT', ''].join('\n');
const fix = (...rules: readonly string[]): string | undefined => {
  const by = blockingRule(iptablesChains(table(...rules), 'iptables'), probe);
  return by === undefined ? undefined : acceptForwardCommand(by, 'weir0');
};
const COMMAND = 'iptables -I FORWARD -o weir0 -j ACCEPT';

test('iptables: the policy, past what concerns other devices, and what lets it pass', () => {
  assert.equal(fix(), COMMAND);
  const docker = ['-A FORWARD -j DOCKER-USER', '-A FORWARD -i docker0 ! -o docker0 -j ACCEPT', '-A DOCKER-USER -j RETURN'];
  assert.equal(fix(...docker, '-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'), COMMAND);
  for (const rule of ['-o weir0 -j ACCEPT', '-o weir+ -j ACCEPT', '-i eth0 -j ACCEPT', '! -o docker0 -j ACCEPT', '-p tcp -j ACCEPT'])
    assert.equal(fix(`-A FORWARD ${rule}`), undefined, rule);
  assert.equal(fix('-A FORWARD -i eth1 -j ACCEPT', '-A FORWARD -o eth1 -j ACCEPT'), COMMAND);
});

test('a rule that may let it pass is no certain drop: an address, a port, a mark', () => {
  for (const match of [
    '-d 198.51.100.80/32',
    '-d 10.0.0.0/8',
    '-p tcp -m tcp --dport 80',
    '-m mark --mark 0x3',
    '-m addrtype --dst-type LOCAL',
  ])
    assert.equal(fix(`-A FORWARD ${match} -j ACCEPT`), undefined, match);
});

test('nft and ufw', () => {
  const rules = (...expr: readonly unknown[]): string =>
    JSON.stringify({
      nftables: [
        { metainfo: {} },
        { chain: { family: 'inet', table: 'guard', name: 'way', hook: 'forward', policy: 'drop' } },
        ...expr.map((one) => ({ rule: { family: 'inet', table: 'guard', chain: 'way', expr: one } })),
      ],
    });
  const meta = (key: string, name: string) => [{ match: { op: '==', left: { meta: { key } }, right: name } }, { accept: null }];
  const by = blockingRule(nftChains(rules(meta('oifname', 'eth1'), meta('iifname', 'eth1'))) ?? [], probe) ?? assert.fail('it is dropped');
  assert.equal(acceptForwardCommand(by, 'weir0'), 'nft insert rule inet guard way oifname weir0 accept');
  assert.equal(acceptForwardCommand({ ...by, writer: 'ufw' }, 'weir0'), 'ufw route allow out on weir0');
  for (const [key, name] of [
    ['oifname', 'weir0'],
    ['iifname', 'eth0'],
  ] as const)
    assert.equal(blockingRule(nftChains(rules(meta(key, name))) ?? [], probe), undefined, key);
});
