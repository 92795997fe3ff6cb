// Configurations of the field that are kept although they do not work: -t answers as keepalived does, and lint names what is wrong.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { lint } from '../../src/config/keepalived/lint/lint.js';
import { projectRoot } from '../../src/lab/state/paths.js';
import { readText } from '../support/keepalived.js';
import { lintNode } from '../support/lint-node.js';
import { Bed, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { read } from '../support/project.js';

const FILE = 'examples/field/ha-as-published.conf';
const path = join(projectRoot(), FILE);

/** What both print: without weir's place and hint, and without what only weir reports. */
const messages = (stderr: string): readonly string[] =>
  stderr
    .split('\n')
    .filter((line) => line !== '' && !/ weir will /.test(line))
    .map((line) =>
      line
        .replace(/^\S+:\d+:\d+: \(Line (\d+)\) /, '$1 ')
        .replace(/^\((?:\S+: )?Line (\d+)\) /, '$1 ')
        .replace(/^\d+ (?=\(VI_1\))/, '')
        .replace(/ \((?:expected|both nodes|in strict mode)[^)]*\)$/, ''),
    )
    .sort();

test('-t answers as keepalived does, with 5', { skip: noNamespaces() || noTools('keepalived') }, () => {
  const bed = new Bed();
  try {
    const host = bed.host('field');
    bed.cable(host, 'ens33', bed.lan('fieldlan'), '172.16.246.134/24');
    const ours = host.run([join(projectRoot(), 'bin/keepalived'), '-t', '-f', path]);
    const theirs = host.run(['/usr/sbin/keepalived', '-t', '-f', path]);
    assert.deepEqual([ours.status, theirs.status], [5, 5]);
    assert.deepEqual(messages(ours.stderr), messages(theirs.stderr));
    assert.ok(messages(ours.stderr).length >= 5, ours.stderr);
  } finally {
    bed.close();
  }
});

test('lint names what is wrong with it, on both nodes', () => {
  const text = read(FILE);
  const nodes = [
    lintNode('lvs1', text),
    lintNode('lvs2', text.replace('state MASTER', 'state BACKUP').replace('priority 100', 'priority 90')),
  ];
  const found = new Set(lint(nodes).map(({ code }) => code));
  for (const code of [
    'virtual-server-without-vip',
    'strict-vip-unreachable',
    'strict-drops-authentication',
    'router-id-on-both-nodes',
    'mail-to-sample-address',
  ]) {
    assert.ok(found.has(code), `${code} is not among ${[...found].join(', ')}`);
  }
  const { reported } = readText(text, 'lvs1');
  for (const pattern of [
    /vrrp_garp_interval '0' is invalid/,
    /vrrp_gna_interval '0' is invalid/,
    /State MASTER must match being address owner/,
  ]) {
    assert.ok(
      reported.some((line) => pattern.test(line)),
      reported.join('\n'),
    );
  }
});
