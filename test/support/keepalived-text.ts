// keepalived.conf as text in a test: what is built from it, and what is reported.

import type { Diagnostic } from '../../src/config/keepalived/diagnostics/report.js';
import { readKeepalived } from '../../src/config/keepalived/read.js';
import type { ReadKeyFile } from '../../src/config/keepalived/to-model/vrrp/auth-hmac.js';
import type { KeepalivedConfiguration } from '../../src/model/keepalived/configuration.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import type { HostAddress, HostRoute, HostRule } from '../../src/model/keepalived/network.js';

/** The result of reading. `errors`: texts that count for -t, in order; `notices`: the others. */
export interface ReadText {
  readonly configuration: KeepalivedConfiguration;
  readonly errors: readonly string[];
  readonly notices: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the text. After a fatal diagnostic, `configuration` throws when accessed. */
export function readText(text: string, keyFile?: ReadKeyFile): ReadText {
  const files = { read: (): { kind: 'text'; text: string } => ({ kind: 'text', text }), list: () => [] };
  const options = { path: 'k.conf', directory: '/', configId: 'node', environment: {}, ...(keyFile === undefined ? {} : { keyFile }) };
  const { configuration, diagnostics } = readKeepalived(files, options);
  return {
    get configuration() {
      if (configuration === undefined) throw new Error(`nothing was built: ${diagnostics.map(({ text }) => text).join('; ')}`);
      return configuration;
    },
    errors: diagnostics.filter(({ severity }) => severity !== 'notice').map(({ text }) => text),
    notices: diagnostics.filter(({ severity }) => severity === 'notice').map(({ text }) => text),
    diagnostics,
  };
}

/** An instance that is complete except for `lines`, with `before` in front of it. */
export const instanceText = (lines: readonly string[], before: readonly string[] = []): string =>
  [
    ...before,
    'vrrp_instance V1 {',
    'interface eth0',
    'virtual_router_id 51',
    ...lines,
    'virtual_ipaddress {',
    '10.99.0.100',
    '}',
    '}',
  ].join('\n');

/** The first instance of a file that is complete except for `lines`, and the errors. */
export function readInstance(
  lines: readonly string[],
  before: readonly string[] = [],
  keyFile?: ReadKeyFile,
): { readonly instance: VrrpInstance | undefined; readonly errors: readonly string[] } {
  const { configuration, errors } = readText(instanceText(lines, before), keyFile);
  return { instance: configuration.instances[0], errors };
}

/** One line in a static block, with a track_group TG before it. */
function readStatic(block: string, line: string): ReadText {
  return readText(['track_group TG {', 'group {', 'V1', '}', '}', `${block} {`, line, '}'].join('\n'));
}

export const readAddressLine = (line: string): { readonly address: HostAddress | undefined; readonly errors: readonly string[] } => {
  const { configuration, errors } = readStatic('static_ipaddress', line);
  return { address: configuration.root.staticAddresses[0], errors };
};

export const readRouteLine = (
  line: string,
): { readonly route: HostRoute | undefined; readonly errors: readonly string[]; readonly notices: readonly string[] } => {
  const { configuration, errors, notices } = readStatic('static_routes', line);
  return { route: configuration.root.staticRoutes[0], errors, notices };
};

export const readRuleLine = (line: string): { readonly rule: HostRule | undefined; readonly errors: readonly string[] } => {
  const { configuration, errors } = readStatic('static_rules', line);
  return { rule: configuration.root.staticRules[0], errors };
};
