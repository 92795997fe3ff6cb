// What weir run reads: keepalived.conf and a weir.yaml. keepalived does not read the latter, and loads no parser of YAML.
import { dirname, resolve } from 'node:path';
import { faultText, readWeirFile } from '../../config/weir/read.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import type { Loaded } from '../../daemon/supervisor/reload/loaded.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Listener } from '../../model/layer7/listener.js';
import type { WeirFile } from '../../model/weir-file.js';
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
function placeOf({ path, weirFile }: DaemonOptions): FilePlace {
  const place = hostPlace();
  if (weirFile === undefined || path !== DEFAULT_PATH || place.files.read(path).kind !== 'missing') return place;
  const read: FilePlace['files']['read'] = (asked) => (asked === path ? { kind: 'text', text: '' } : place.files.read(asked));
  return { ...place, files: { ...place.files, read } };
}

/** A fault in weir.yaml refuses both files. */
export function loadWeirConfiguration(options: DaemonOptions, seed?: number): Loaded {
  const loaded = loadConfiguration(options, seed, process.env, placeOf(options));
  if (loaded.configuration === undefined || options.weirFile === undefined) return loaded;
  const { file, faults } = readWeir(options.weirFile);
  if (file === undefined || faults.length > 0) return { outcome: 'fatal', messages: [...loaded.messages, ...faults] };
  return { ...loaded, configuration: { ...loaded.configuration, weir: placed(file, dirname(options.weirFile)) } };
}
