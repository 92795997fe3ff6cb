// What weir run reads: keepalived.conf and a weir.yaml. keepalived does not read the latter, and loads no parser of YAML.
import { faultText, readWeirFile } from '../../config/weir/read.js';
import type { DaemonOptions } from '../../daemon/supervisor/daemon-options.js';
import type { Loaded } from '../../daemon/supervisor/reload/loaded.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { WeirFile } from '../../model/weir-file.js';
import { readText } from '../read-text.js';
import { loadConfiguration } from './load-configuration.js';

function readWeir(path: string): { readonly file?: WeirFile; readonly faults: Loaded['messages'] } {
  try {
    const { file, faults } = readWeirFile(readText(path));
    return { file, faults: faults.map((fault) => ({ level: 'error', text: faultText(path, fault) })) };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    return { faults: [{ level: 'error', text: error.message }] };
  }
}

/** A fault in weir.yaml refuses both files. */
export function loadWeirConfiguration(options: DaemonOptions, seed?: number): Loaded {
  const loaded = loadConfiguration(options, seed);
  if (loaded.configuration === undefined || options.weirFile === undefined) return loaded;
  const { file, faults } = readWeir(options.weirFile);
  if (file === undefined || faults.length > 0) return { outcome: 'fatal', messages: [...loaded.messages, ...faults] };
  return { ...loaded, configuration: { ...loaded.configuration, weir: file } };
}
