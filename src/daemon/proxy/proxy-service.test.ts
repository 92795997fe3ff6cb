// What a reload takes for a fault of the configuration.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import { ProxyService, type ServiceSettings } from './proxy-service.js';

const bed = new ProxyBed();
const settingsOf = (model: Layer7): ServiceSettings => ({ model, secret: '' });

test('a reload reports what is wrong with its file, and throws what is wrong with the program', async () => {
  const lines: string[] = [];
  const model = { ...bed.model, listeners: [] };
  const options = { workers: 0, drainMs: 0, folder: '/', log: (_: unknown, text: string): void => void lines.push(text) };
  const service = new ProxyService(settingsOf(model), options);
  try {
    await service.reload(() => {
      throw new WeirError('weir-file-refused', { faults: ['a fault'] });
    });
    assert.match(lines.at(-1) ?? '', /^the configuration of before stays in effect: .*a fault/);
    const before = lines.length;
    const fault = new TypeError('of the program');
    await assert.rejects(
      service.reload(() => {
        throw fault;
      }),
      fault,
    );
    assert.equal(lines.length, before);
  } finally {
    await service.end();
  }
});

test('of two reloads at a time the later one is in effect, also where the first one takes longer', async () => {
  const model = { ...bed.model, listeners: [] };
  const service = new ProxyService(settingsOf(model), { workers: 0, drainMs: 0, folder: '/', log: () => {} });
  try {
    const [pool] = model.pools;
    assert.ok(pool !== undefined);
    const listeners = [{ name: 'added', ...parseEndpoint('127.0.0.1:1')!, proxyFrom: [] }];
    const first = service.reload(() => settingsOf({ ...model, listeners, pools: [{ ...pool, name: 'first' }] }));
    const second = service.reload(() => settingsOf({ ...model, listeners, pools: [{ ...pool, name: 'second' }] }));
    await Promise.all([first, second]);
    assert.deepEqual(
      service.control.keeper.pools.map(({ name }) => name),
      ['second'],
    );
  } finally {
    await service.end();
  }
});
