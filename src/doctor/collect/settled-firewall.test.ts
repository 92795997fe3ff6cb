// What doctor finds of the packet filter while a command moves new connections behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FirewallState } from '../../datapath/ebpf/observe/firewall-state.js';
import type { Chain } from '../packet-filter/model.js';
import { type FilterChains, withoutOwn } from './filter-chains.js';
import { lookUntilSettled, withFirewall } from './settled-firewall.js';

const FAST: FirewallState = { passes: false, mode: 'auto' };
const HONOUR: FirewallState = { passes: true, mode: 'auto' };
const due = (refused: boolean) => ({ kind: 'firewall', refused }) as const;

const filters = (name: string): FilterChains => ({ chains: [], notExamined: [{ what: name, cause: '' }], absent: new Set() });

/** By the states at its looks, one after the other: the state, and which reading of the rules counts. */
function settled(...states: readonly FirewallState[]): readonly [FirewallState, string | undefined] {
  let [looks, reads] = [0, 0];
  const { state, filters: read } = lookUntilSettled(
    () => states[looks++] ?? assert.fail('one look too many'),
    () => filters(`reading ${++reads}`),
  );
  assert.equal(looks, states.length);
  return [state, read.notExamined[0]?.what];
}

test('rules and state are of one moment', () => {
  assert.deepEqual(settled(FAST, FAST), [FAST, 'reading 1']);
  assert.deepEqual(settled(FAST, HONOUR, HONOUR), [HONOUR, 'reading 2']);
  assert.deepEqual(settled(FAST, HONOUR, FAST, HONOUR), [HONOUR, 'reading 3'], 'not for ever');
});

test('the way by the packet filter is cut where it is at the second look, too', () => {
  const facts = { loaded: true, interfaces: [], repairs: [{ kind: 'pair-down', name: 'weir0' }, due(false)] } as const;
  const repairs = (state: FirewallState) => withFirewall(facts, state).repairs;
  assert.deepEqual(repairs(HONOUR), [facts.repairs[0]], 'a command was making it');
  assert.deepEqual(repairs({ ...HONOUR, due: due(true) }), [facts.repairs[0], due(true)], 'as it is now');
  const before = { ...facts, repairs: [] };
  assert.deepEqual(withFirewall(before, { ...FAST, due: due(false) }).repairs, [], 'a command may be making it now');
  const { firewall, firewallMode } = withFirewall({ ...before, firewall: false, firewallMode: 'fast' }, HONOUR);
  assert.deepEqual([firewall, firewallMode], [true, 'auto']);
});

test('weir’s own table is no rule of the host', () => {
  const chain = (change: Partial<Chain>): Chain => ({
    tool: 'nft',
    family: 'ip',
    table: 'weir',
    name: 'accepted',
    hook: 'input',
    interfaceName: '',
    policy: 'accept',
    priority: 0,
    translates: false,
    rules: [],
    ...change,
  });
  const others = [chain({ family: 'inet' }), chain({ table: 'filter' }), chain({ tool: 'iptables' })];
  assert.deepEqual(withoutOwn([chain({}), ...others, chain({ family: 'ip6' })]), others);
});
