import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { acceptCommand, type Passage } from './accept-command.js';
import type { Blocked } from './model.js';

const four: Passage = { direction: 'in', source: ip('172.16.1.128'), destination: ip('224.0.0.18'), protocol: 'vrrp' };
const six: Passage = { direction: 'in', source: ip('fe80::2'), destination: ip('ff02::12'), protocol: 'vrrp' };
const input: Blocked = { tool: 'iptables', family: 'ip', table: 'filter', chain: 'INPUT', base: 'INPUT', text: '' };
const RULE = '-p 112 -s 172.16.1.128 -d 224.0.0.18 -j ACCEPT';

test('any iptables: a rule at the front of the base chain of the table that drops', () => {
  assert.equal(acceptCommand(input, four), `iptables -I INPUT ${RULE}`);
  assert.equal(acceptCommand({ ...input, tool: 'nft' }, four), `iptables -I INPUT ${RULE}`, 'where nft alone could show it');
  assert.equal(acceptCommand({ ...input, tool: 'iptables-legacy' }, four), `iptables-legacy -I INPUT ${RULE}`);
  assert.equal(
    acceptCommand({ ...input, chain: 'guard', table: 'raw', base: 'PREROUTING' }, four),
    `iptables -t raw -I PREROUTING ${RULE}`,
  );
  assert.equal(
    acceptCommand({ ...input, base: 'OUTPUT' }, { ...four, direction: 'out', protocol: 'ah' }),
    `iptables -I OUTPUT ${RULE.replace('112', '51')}`,
  );
  assert.equal(acceptCommand({ ...input, tool: 'ip6tables' }, six), 'ip6tables -I INPUT -p 112 -s fe80::2 -d ff02::12 -j ACCEPT');
});

test('nft: a rule at the front of the chain that drops', () => {
  const by: Blocked = { tool: 'nft', family: 'inet', table: 'filter', chain: 'guard', base: 'input', text: '' };
  assert.equal(
    acceptCommand(by, four),
    `nft insert rule inet filter guard ip saddr 172.16.1.128 ip daddr 224.0.0.18 ip protocol 112 accept`,
  );
  assert.match(acceptCommand(by, six), /^nft insert rule inet filter guard ip6 saddr fe80::2 ip6 daddr ff02::12 ip6 nexthdr 112 accept$/);
});

test('the program that writes the table gets the rule, because it writes the table again', () => {
  assert.equal(acceptCommand({ ...input, writer: 'ufw' }, four), 'ufw allow in from 172.16.1.128 to 224.0.0.18 proto vrrp');
  assert.equal(
    acceptCommand({ ...input, writer: 'ufw' }, { ...six, direction: 'out' }),
    'ufw allow out from fe80::2 to ff02::12 proto vrrp',
  );
  const firewalld: Blocked = { ...input, tool: 'nft', family: 'inet', table: 'firewalld', writer: 'firewalld' };
  const zone = (chain: string) => acceptCommand({ ...firewalld, chain }, four);
  assert.equal(zone('filter_IN_public'), 'firewall-cmd --permanent --zone=public --add-protocol=vrrp && firewall-cmd --reload');
  assert.equal(zone('IN_my_zone_deny'), 'firewall-cmd --permanent --zone=my_zone --add-protocol=vrrp && firewall-cmd --reload');
  assert.equal(zone('filter_INPUT'), 'firewall-cmd --permanent --add-protocol=vrrp && firewall-cmd --reload');
});
