// A VRRP process alone, as the daemon's child is: its configuration from a JSON file (read again on SIGHUP), its log on standard error.
import { readFileSync } from 'node:fs';
import { VrrpProcess } from '../../src/daemon/vrrp/vrrp-process.js';
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';
import { NOTHING_RELEASED } from '../../src/model/released.js';

const [path = ''] = process.argv.slice(2);
const read = (): KeepalivedConfiguration => JSON.parse(readFileSync(path, 'utf8')) as KeepalivedConfiguration;
const print = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

process.umask(0o177);
const vrrp = new VrrpProcess({
  configuration: read(),
  log: (_level, text) => print(text),
  onEvent: ({ kind }) => print(`event: ${kind}`),
  released: NOTHING_RELEASED,
  keepAddresses: false,
});

process.on('SIGHUP', () => {
  vrrp.reload(read());
  print('reloaded');
});
process.on('SIGUSR1', () => {
  const { state } = vrrp.describe();
  print(`counters: ${JSON.stringify(state.instances.map(({ counters }) => counters))}`);
});
process.on('SIGTERM', () => {
  void vrrp.stop().then(() => process.exit(0));
});
