// A configuration from text, for tests: one file, no host.
import { type ReadConfiguration, readKeepalived } from '../../src/config/keepalived/read.js';
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';

/** The messages and the configuration. `configuration` throws if reading ended early. */
export interface ReadText {
  readonly read: ReadConfiguration;
  readonly configuration: KeepalivedConfiguration;
  /** Texts of what counts for -t, in order. */
  readonly reported: readonly string[];
}

export function readText(text: string, path = 'keepalived.conf', configId = 'node'): ReadText {
  const read = readKeepalived(
    { read: (name) => (name === path ? { kind: 'text', text } : { kind: 'missing' }), list: () => [] },
    { path, configId, environment: {} },
  );
  return {
    read,
    get configuration() {
      if (read.configuration === undefined) throw new Error(`not read: ${read.diagnostics.map((one) => one.text).join('; ')}`);
      return read.configuration;
    },
    reported: read.diagnostics.filter(({ severity }) => severity !== 'notice').map((one) => one.text),
  };
}
