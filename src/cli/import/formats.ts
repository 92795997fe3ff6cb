// The formats that weir import reads as services of layer 4, by their names.
import { importHaproxy } from '../../config/import/haproxy.js';
import type { Imported, ImportOptions } from '../../config/import/imported.js';
import { importKubernetes } from '../../config/import/kubernetes.js';
import { importLdirectord } from '../../config/import/ldirectord.js';
import { importLoxilb } from '../../config/import/loxilb.js';
import { importNginxStream } from '../../config/import/nginx-stream.js';
import { importProc } from '../../config/import/proc.js';
import { includedFiles } from './included-files.js';
import { importIpvsadm } from './ipvsadm-lines.js';

type Importer = (file: string, text: string, options: ImportOptions) => Imported | Promise<Imported>;

export const TABLE_FORMATS: Readonly<Record<string, Importer>> = {
  ipvsadm: importIpvsadm,
  kernel: importProc,
  ldirectord: importLdirectord,
  haproxy: importHaproxy,
  'nginx-stream': (file, text, options) => importNginxStream({ file, text }, includedFiles(file), options),
  loxilb: importLoxilb,
  kubernetes: importKubernetes,
};
