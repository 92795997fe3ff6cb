// What a reload takes for a fault of the configuration.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { ProxyService } from './proxy-service.js';

test('a reload reports what is wrong with its file, and throws what is wrong with the program', async () => {
  const lines: string[] = [];
  const model = { ...new ProxyBed().model, listeners: [] };
  const options = { workers: 0, drainMs: 0, folder: '/', log: (_: unknown, text: string): void => void lines.push(text) };
  const service = new ProxyService({ model, secret: '' }, options);
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
