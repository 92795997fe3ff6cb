// The formats that weir import reads as services of layer 4, by their names.
import { importHaproxy } from '../../config/import/haproxy.js';
import type { Imported, ImportOptions } from '../../config/import/imported.js';
import { importKubernetes } from '../../config/import/kubernetes.js';
import { importLdirectord } from '../../config/import/ldirectord.js';
import { importLoxilb } from '../../config/import/loxilb.js';
import { importNginxStream } from '../../config/import/nginx-stream.js';
import { importProc } from '../../config/import/proc.js';
import { importCommands } from '../../document/imported-commands.js';
import { parseResolving } from '../ipvsadm/world.js';
import { SystemNames } from '../names/resolver.js';
import { includedFiles } from './included-files.js';

type Importer = (file: string, text: string, options: ImportOptions) => Imported | Promise<Imported>;

/** Host names are looked up, as by ipvsadm-restore. */
function importIpvsadm(file: string, text: string): Promise<Imported> {
  const names = new SystemNames();
  return importCommands(file, text, (words) => parseResolving(words, names));
}

export const TABLE_FORMATS: Readonly<Record<string, Importer>> = {
  ipvsadm: importIpvsadm,
  kernel: importProc,
  ldirectord: importLdirectord,
  haproxy: importHaproxy,
  'nginx-stream': (file, text, options) => importNginxStream({ file, text }, includedFiles(file), options),
  loxilb: importLoxilb,
  kubernetes: importKubernetes,
};
