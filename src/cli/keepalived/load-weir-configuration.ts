// What weir run reads: keepalived.conf and a weir.yaml. keepalived does not read the latter, and loads no parser of YAML.
import { dirname, resolve } from 'node:path';
import { faultText, readWeirFile } from '../../config/weir/read.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import type { Loaded } from '../../daemon/supervisor/reload/loaded.js';
import { failure, failureLine, isWeirError } from '../../model/errors/weir-error.js';
import { serviceId } from '../../model/identity.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import { wantedTable } from '../../model/keepalived/wanted-table.js';
import type { Listener } from '../../model/layer7/listener.js';
import { serviceWord } from '../../model/service-word.js';
import { checkedKeys, type WeirFile } from '../../model/weir-file.js';
import { readText } from '../read-text.js';
import { loadConfiguration } from './load-configuration.js';
import { DEFAULT_PATH } from './options.js';
import { type FilePlace, hostPlace } from './read-on-host.js';

function readWeir(path: string): { readonly file?: WeirFile; readonly faults: Loaded['messages'] } {
  try {
    const { file, faults } = readWeirFile(readText(path));
    return { file, faults: faults.map((fault) => ({ level: 'error', text: faultText(path, fault) })) };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    return { faults: [{ level: 'error', text: error.message }] };
  }
}

function withAbsolutePaths(listener: Listener, folder: string): Listener {
  if (listener.tls === undefined) return listener;
  const certificates = listener.tls.certificates.map(({ chain, key }) => ({ chain: resolve(folder, chain), key: resolve(folder, key) }));
  return { ...listener, tls: { ...listener.tls, certificates } };
}

/** The processes of the daemon do not know where the file is. */
function placed({ layer7, ...others }: WeirFile, folder: string): WeirFile {
  if (layer7 === undefined) return others;
  return { ...others, layer7: { ...layer7, listeners: layer7.listeners.map((one) => withAbsolutePaths(one, folder)) } };
}

/** Without a keepalived.conf at its usual place, weir.yaml is all there is. */
function withWeirAlone({ path, weirFile }: DaemonOptions, place: FilePlace): FilePlace {
  if (weirFile === undefined || path !== DEFAULT_PATH || place.files.read(path).kind !== 'missing') return place;
  const read: FilePlace['files']['read'] = (asked) => (asked === path ? { kind: 'text', text: '' } : place.files.read(asked));
  return { ...place, files: { ...place.files, read } };
}

/** Services that both files have. */
function twice(configuration: KeepalivedConfiguration, file: WeirFile, path: string): Loaded['messages'] {
  const there = wantedTable(configuration);
  const both = checkedKeys(file).filter((key) => there.has(serviceId(key)));
  return both.map((key) => {
    const why = failureLine(failure('file-service-elsewhere', { service: serviceWord(key) }));
    return { level: 'error', text: `${path}: ${why}` };
  });
}

/** With the services of the weir.yaml that have checks: the checker does not care which file has them. */
const withChecked = (configuration: KeepalivedConfiguration, weir: WeirFile): KeepalivedConfiguration => ({
  ...configuration,
  virtualServers: [...configuration.virtualServers, ...(weir.checked ?? [])],
  weir,
});

/** A fault in weir.yaml refuses both files. */
export function loadWeirConfiguration(options: DaemonOptions, seed?: number, environment = process.env, place = hostPlace()): Loaded {
  const loaded = loadConfiguration(options, seed, environment, withWeirAlone(options, place));
  if (loaded.configuration === undefined || options.weirFile === undefined) return loaded;
  const { file, faults } = readWeir(place.reach(options.weirFile));
  const wrong = file === undefined ? faults : [...faults, ...twice(loaded.configuration, file, options.weirFile)];
  if (file === undefined || wrong.length > 0) return { outcome: 'fatal', messages: [...loaded.messages, ...wrong] };
  return { ...loaded, configuration: withChecked(loaded.configuration, placed(file, dirname(options.weirFile))) };
}
