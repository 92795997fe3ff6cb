// The checks on the page about health checks are read without a message, and both languages show the same ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fencedBlocks } from '../support/fenced-blocks.js';
import { readText } from '../support/keepalived.js';
import { read } from '../support/project.js';

const blocksOf = (page: string): readonly string[] => fencedBlocks(read(page));
const english = blocksOf('docs/health-checks.md');
const checks = english.filter((block) => /^[A-Z]+_[A-Z]+ \{/.test(block));

test('the page has a check of each kind that needs no other block', () => {
  const names = checks.map((block) => block.split(' ')[0]);
  assert.deepEqual(names, [
    'TCP_CHECK',
    'HTTP_GET',
    'SSL_GET',
    'SMTP_CHECK',
    'DNS_CHECK',
    'UDP_CHECK',
    'PING_CHECK',
    'MISC_CHECK',
    'VIP_CHECK',
  ]);
});

for (const block of checks) {
  test(`${block.split(' ')[0]} of the page is read as it is`, () => {
    const scripts = block.startsWith('MISC') ? 'global_defs {\nscript_user root\nenable_script_security\n}\n' : '';
    const server = `real_server 10.0.0.2 80 {\n${block}}\n`;
    const { reported, configuration } = readText(
      `${scripts}virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n${server}}\n`,
    );
    assert.deepEqual(reported, []);
    assert.equal(configuration.virtualServers[0]?.realServers[0]?.checkers.length, 1);
  });
}

test('the Chinese page shows the same blocks', () => {
  assert.deepEqual(blocksOf('docs/zh-CN/health-checks.md'), english);
});
