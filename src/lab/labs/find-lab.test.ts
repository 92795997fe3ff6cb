import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Lab } from '../definition/lab.js';
import { runWithHost } from '../run/enter.js';
import { missing, neededCommands } from '../run/needed-commands.js';
import type { RunState } from '../state/run-state.js';
import { nginxConfig } from '../topology/nginx-config.js';
import { findLab, parseLab } from './find-lab.js';

const small: Lab = {
  name: 'one',
  title: 'one host',
  switches: ['lan'],
  hosts: { a: { interfaces: { eth0: { switch: 'lan' } } } },
  steps: [{ kind: 'run', on: 'a', command: 'true' }],
};

const refusal = (text: string): readonly string[] => {
  try {
    parseLab(text, 'x.json');
  } catch (error) {
    assert.ok(isWeirError(error));
    return error.message.split('\n');
  }
  return [];
};

test('a valid file is returned unchanged', () => assert.deepEqual(parseLab(JSON.stringify(small), 'x.json'), small));

test('a file that is not JSON: line and column', () => {
  assert.match(refusal('{\n  "name": oops\n}')[0] ?? '', /^x\.json:2:11: not JSON: /);
  assert.match(refusal('{\n  "name": "x"')[0] ?? '', /^x\.json:2:14: not JSON: /);
  assert.match(refusal('')[0] ?? '', /^x\.json:1:1: not JSON: /);
});

test('a file with wrong keys: one line for each', () => {
  assert.deepEqual(refusal(JSON.stringify({ ...small, title: '', stepps: [] })), [
    'x.json: title: expected one line of text, got ""',
    'x.json: stepps: unknown key; the known keys are name, title, switches, hosts, steps, capture, needs',
  ]);
});

test('a name that is neither a lab nor a file is reported', () => {
  assert.throws(() => findLab('/nowhere/at-all.json'), /no lab and no file is called \/nowhere\/at-all\.json/);
  assert.equal(findLab('nat').name, 'nat');
});

test('missing commands are named with the packages that have them', () => {
  const lab: Lab = { ...small, needs: ['curl', 'ab'], steps: [{ kind: 'traffic', expect: [{ packets: 0 }] }] };
  assert.deepEqual(neededCommands(lab), ['ip', 'bridge', 'unshare', 'tcpdump', 'curl', 'ab']);
  assert.equal(
    missing(lab, () => true),
    undefined,
  );
  assert.equal(
    missing(lab, (command) => !['ip', 'bridge', 'ab'].includes(command)),
    'one needs ip, bridge, ab: apt-get install iproute2 apache2-utils',
  );
});

const standing = (run: string, ...hosts: readonly string[]): RunState => ({
  run,
  lab: run,
  title: '',
  owner: { pid: 1, started: '' },
  kept: true,
  hosts: Object.fromEntries(hosts.map((host) => [host, `weir-${run}-${host}`])),
  switches: `weir-${run}-sw`,
  directors: [],
  folder: '',
});

test('a host is found where only one run has it, or by the run’s name', () => {
  const runs = [standing('nat', 'lvs1', 'web1'), standing('dr', 'lvs1', 'rs1')];
  assert.equal(runWithHost('web1', undefined, runs).run, 'nat');
  assert.equal(runWithHost('lvs1', 'dr', runs).run, 'dr');
  assert.throws(() => runWithHost('lvs1', undefined, runs), /say --run nat or --run dr/);
  assert.throws(() => runWithHost('web9', undefined, runs), /there is nat \(lvs1, web1\); dr \(lvs1, rs1\)/);
  assert.throws(() => runWithHost('web1', undefined, []), /'weir lab NAME --keep' leaves one standing/);
});

test('quotes and backslashes are escaped for nginx', () => {
  const config = nginxConfig('web1', [{ port: 80 }, { port: 81, address: '10.0.0.1', body: 'a "b" \\c' }], '/x');
  assert.match(config, /listen 80 backlog=4096; location \/ { return 200 "Welcome from web1\\n"; }/);
  assert.ok(config.includes('listen 10.0.0.1:81 backlog=4096; location / { return 200 "a \\"b\\" \\\\c\\n"; }'));
});
