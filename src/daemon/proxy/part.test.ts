// The proxy as a process of the daemon: what it does where it cannot be started.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../test/support/free-port.js';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { ChildOptions } from '../process/messages.js';
import { startProxy } from './part.js';

test('a proxy whose port is taken is started as a later reload has it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const lines: string[] = [];
  const { model } = new ProxyBed();
  const configuration = (port: number): KeepalivedConfiguration => {
    const listeners = [{ name: 'web', ...parseEndpoint(`127.0.0.1:${port}`)!, proxyFrom: [] }];
    return { weir: { layer7: { ...model, listeners } } } as unknown as KeepalivedConfiguration;
  };
  const first = configuration((taken.address() as AddressInfo).port);
  const part = await startProxy(
    first,
    {} as ChildOptions,
    (_, text) => void lines.push(text),
    () => {},
  );
  try {
    assert.match(lines.join('\n'), /cannot listen on 127\.0\.0\.1:\d+/);
    const port = await freePort();
    await part.reload(configuration(port));
    while (!lines.some((line) => line.startsWith('serves '))) await delay(20);
    assert.match(lines.at(-1) ?? '', new RegExp(`^serves 127\\.0\\.0\\.1:${port} `));
  } finally {
    taken.close();
    await part.stop();
  }
});
