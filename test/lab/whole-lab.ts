// One lab as a test: runs `weir lab`; all its expectations must hold.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lab } from '../../src/lab/definition/lab.js';
import { missing } from '../../src/lab/run/needed-commands.js';
import { evidenceOf, skipWithoutNetns } from './weir-lab.js';

/** Labs of load. */
export const STRESS_LABS: readonly string[] = ['stress', 'stress-methods', 'stress-firewall'];

/** Labs that mostly wait for timers of VRRP, of health checks, of feedback, and for segments that are sent again. */
export const VRRP_LABS: readonly string[] = [
  'dual',
  'split-brain',
  'ha',
  'failover',
  'misc-check',
  'mail',
  'feedback',
  'l7',
  'websocket',
  'switch',
  'dashboard',
  'ansible',
  'storage',
];

/** Variants of the labs nat, tun and cache, and labs of what other short tests show with living hosts. */
export const VARIANT_LABS: readonly string[] = [
  'nat-2',
  'nat-6',
  'nat-ftp',
  'dr',
  'dr-arp',
  'dr-6',
  'dr-local',
  'fullnat',
  'persist',
  'dr-2',
  'dr-redirect',
  'dr-two-nets',
  'dr-ftp',
  'tun',
  'tun-6',
  'tun-mixed',
  'fullnat-6',
  'persist-marks',
  'cache',
  'cache-tun',
];

const netns = skipWithoutNetns();

/** `word`: the argument of `weir lab`; absent: the lab's name. */
export function testLab(lab: Lab, word = lab.name): void {
  const lack = netns === false ? missing(lab) : undefined;
  test(`weir lab ${lab.name}`, { skip: netns === false ? (lack === undefined ? false : `probe tools: ${lack}`) : netns }, async () => {
    const { evidence, status, stderr } = await evidenceOf(word);
    const failed = evidence.steps.flatMap(({ command, verdicts }) =>
      verdicts.filter(({ ok }) => !ok).map((verdict) => ({ command, ...verdict })),
    );
    assert.deepEqual([evidence.stopped, failed], [undefined, []], stderr);
    assert.equal(status, 0, stderr);
  });
}
