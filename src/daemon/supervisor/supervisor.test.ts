import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyConfiguration, oneInstance } from '../../../test/support/keepalived-configuration.js';
import { readOptions } from '../../cli/keepalived/options.js';
import { Supervisor } from './supervisor.js';

test('a reload whose reading outlasts the daemon starts nothing', async () => {
  const asked = readOptions([]);
  assert.ok(asked.kind === 'run');
  const logged: string[] = [];
  const ended: number[] = [];
  const supervisor = new Supervisor({
    options: asked.options,
    log: (_, text) => void logged.push(text),
    livenessIntervalMs: 1000,
    console: false,
    onEnd: (status) => void ended.push(status),
    onReloadWanted: () => {},
    onMail: () => {},
    onVrrpStates: () => {},
    onBfdStates: () => {},
  });
  const childOptions = () => assert.fail('a child is started');
  assert.equal(await supervisor.begin({ configuration: emptyConfiguration, childOptions }), true);
  supervisor.stop();
  assert.equal(await supervisor.reload({ ...emptyConfiguration, instances: [oneInstance] }), false);
  assert.deepEqual([supervisor.running, ended, logged], [[], [0], []]);
});
