// What other programs' configurations become here, with a line for each statement that is not carried as it was. It changes nothing: the document
// that it answers with is for a plan.
import * as z from 'zod';
import { importHaproxy } from '../../config/import/haproxy.js';
import { importTotals } from '../../config/import/import-report.js';
import { type Imported, type ImportOptions, importedTable } from '../../config/import/imported.js';
import { importKubernetes } from '../../config/import/kubernetes.js';
import { importLdirectord } from '../../config/import/ldirectord.js';
import { importLoxilb } from '../../config/import/loxilb.js';
import { importNginxStream } from '../../config/import/nginx-stream.js';
import { importProc } from '../../config/import/proc.js';
import { importedKeepalivedText } from '../../config/import/write-keepalived.js';
import { parseCommand } from '../../config/ipvsadm/grammar.js';
import { tableTree } from '../../config/weir/write-table.js';
import { importCommands } from '../../document/imported-commands.js';
import { parseAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { canBeVip } from '../../model/vip-address.js';
import { json, type Route, route } from '../route.js';

const FORMATS = ['haproxy', 'ipvsadm', 'kernel', 'kubernetes', 'ldirectord', 'loxilb', 'nginx-stream'] as const;
type Format = (typeof FORMATS)[number];

/** What a line of the report is of, since a request has no file. */
const FILE = 'text';

/** @throws WeirError api-values: files of this host are not read for a request */
function refuseInclude(word: string): never {
  const message = `include ${word}: files of this host are not read for a request; send what they have in its place, or run weir import here`;
  throw new WeirError('api-values', { errors: [{ pointer: '/text', message }] });
}

/** No name is looked up for a request. */
const NO_NAMES = { host: () => undefined, port: () => undefined };

const IMPORTERS: Readonly<Record<Format, (text: string, options: ImportOptions) => Imported | Promise<Imported>>> = {
  haproxy: (text, options) => importHaproxy(FILE, text, options),
  ipvsadm: (text) => importCommands(FILE, text, (words) => parseCommand(words, NO_NAMES)),
  kernel: (text) => importProc(FILE, text),
  kubernetes: (text, options) => importKubernetes(FILE, text, options),
  ldirectord: (text) => importLdirectord(FILE, text),
  loxilb: (text) => importLoxilb(FILE, text),
  'nginx-stream': (text, options) => importNginxStream({ file: FILE, text }, refuseInclude, options),
};

const lineShape = z.looseObject({ line: z.int(), text: z.string(), status: z.string(), became: z.string(), consequence: z.string() });

/** @throws WeirError api-values */
function vipOf(text: string) {
  const address = parseAddress(text);
  if (address === undefined || !canBeVip(address))
    throw new WeirError('api-values', { errors: [{ pointer: '/vips', message: `${text} is no address of a service` }] });
  return address;
}

export const importRoutes: readonly Route[] = [
  route({
    method: 'POST',
    at: '/v1/imports',
    summary: "what another program's configuration becomes: a document for /v1/plans, and what of it is not carried as it was",
    scope: 'read',
    confidential: true,
    body: z.strictObject({
      format: z.enum(FORMATS),
      text: z.string(),
      method: z.enum(['masq', 'route', 'tunnel']).optional().describe('how packets go to servers of proxies; masq where it is absent'),
      vips: z.array(z.string()).max(64).optional().describe('in the place of addresses that stand for all'),
    }),
    answers: {
      200: {
        what: 'services as in a weir.yaml, the same with checks as a keepalived.conf, and the report of weir import',
        schema: z.strictObject({
          document: z.looseObject({}),
          keepalived: z.string(),
          totals: z.string(),
          lines: z.array(lineShape),
          hosts: z.array(z.string()).describe('what must be changed on hosts'),
        }),
      },
    },
    async answer({ body: { format, text, method = 'masq', vips = [] } }) {
      const imported = await IMPORTERS[format](text, { method, vips: vips.map(vipOf) });
      return json({
        document: tableTree(importedTable(imported)),
        keepalived: importedKeepalivedText(imported),
        totals: importTotals(imported.lines),
        lines: imported.lines,
        hosts: imported.hosts,
      });
    },
  }),
];
