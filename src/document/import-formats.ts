// The formats of layer 4 that weir import and the API read, by their names, and the methods that servers of proxies may have.
import { importHaproxy } from '../config/import/haproxy.js';
import type { Imported, ImportOptions } from '../config/import/imported.js';
import { importKubernetes } from '../config/import/kubernetes.js';
import { importLdirectord } from '../config/import/ldirectord.js';
import { importLoxilb } from '../config/import/loxilb.js';
import { importNginxStream } from '../config/import/nginx-stream.js';
import { importProc } from '../config/import/proc.js';
import type { Command } from '../config/ipvsadm/command.js';
import type { ReadIncluded } from '../config/nginx/parse.js';
import { importCommands } from './imported-commands.js';

/** What an import is of, and what it may ask besides. */
export interface ImportSource {
  /** For the lines of the report. */
  readonly file: string;
  readonly text: string;
  /** The words of a line of ipvsadm; it throws WeirError for what is no command. */
  readonly parseCommand: (words: readonly string[]) => Command | Promise<Command>;
  /** What an nginx.conf includes. */
  readonly readIncluded: ReadIncluded;
}

export const IMPORT_METHODS = ['masq', 'route', 'tunnel', 'fullnat'] as const satisfies readonly ImportOptions['method'][];

const IMPORTERS = {
  ipvsadm: ({ file, text, parseCommand }) => importCommands(file, text, parseCommand),
  kernel: ({ file, text }) => importProc(file, text),
  ldirectord: ({ file, text }) => importLdirectord(file, text),
  haproxy: ({ file, text }, options) => importHaproxy(file, text, options),
  'nginx-stream': ({ file, text, readIncluded }, options) => importNginxStream({ file, text }, readIncluded, options),
  loxilb: ({ file, text }) => importLoxilb(file, text),
  kubernetes: ({ file, text }, options) => importKubernetes(file, text, options),
} as const satisfies Readonly<Record<string, (source: ImportSource, options: ImportOptions) => Imported | Promise<Imported>>>;

export type ImportFormat = keyof typeof IMPORTERS;
export const IMPORT_FORMATS = Object.keys(IMPORTERS) as ImportFormat[];

/** @throws WeirError import-syntax, and those of nginx.conf and of the source's functions */
export async function importFormat(format: ImportFormat, source: ImportSource, options: ImportOptions): Promise<Imported> {
  return await IMPORTERS[format](source, options);
}
