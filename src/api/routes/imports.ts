// What other programs' configurations become here, with a line for each statement that is not carried as it was. It changes nothing: the document
// that it answers with is for a plan.
import * as z from 'zod';
import { emptyImport } from '../../config/import/empty-import.js';
import { importLineText, importTotals, isLossy } from '../../config/import/import-report.js';
import { type Imported, importedTable } from '../../config/import/imported.js';
import { importedKeepalivedText } from '../../config/import/write-keepalived.js';
import { importedWeirText, lostOfWeir } from '../../config/import/write-weir.js';
import { parseCommand } from '../../config/ipvsadm/grammar.js';
import { tableTree } from '../../config/weir/write-table.js';
import { IMPORT_FORMATS, IMPORT_METHODS, importFormat } from '../../document/import-formats.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { parseLocals } from '../../model/fullnat.js';
import { parseVip } from '../../model/vip-address.js';
import { json, type Route, route } from '../route.js';

/** What a line of the report is of, since a request has no file. */
const FILE = 'text';

/** @throws WeirError api-values: files of this host are not read for a request */
function refuseInclude(word: string): never {
  const message = `include ${word}: files of this host are not read for a request; send what they have in its place, or run weir import here`;
  throw new WeirError('api-values', { errors: [{ pointer: '/text', message }] });
}

/** No name is looked up for a request. */
const NO_NAMES = { host: () => undefined, port: () => undefined };

const lineShape = z.looseObject({ line: z.int(), text: z.string(), status: z.string(), became: z.string(), consequence: z.string() });

/** @throws WeirError api-values */
function vipOf(text: string) {
  const address = parseVip(text);
  if (address === undefined)
    throw new WeirError('api-values', { errors: [{ pointer: '/vips', message: `${text} is no address of a service` }] });
  return address;
}

/** @throws WeirError api-values */
function localsOf(method: string, texts: readonly string[]) {
  const addresses = parseLocals(texts);
  if (addresses !== undefined && (method === 'fullnat') === addresses.length > 0) return addresses;
  const message = method === 'fullnat' ? 'fullnat needs up to eight different addresses of this host' : 'only with fullnat';
  throw new WeirError('api-values', { errors: [{ pointer: '/local_addresses', message }] });
}

/** With the lines of what of the format is lost. */
function refusal({ message }: WeirError, { isForeign, lines }: Imported): WeirError {
  const lost = isForeign ? [] : lines.filter(isLossy).map(importLineText);
  return new WeirError('api-values', { errors: [message, ...lost].map((each) => ({ pointer: '/text', message: each })) });
}

export const importRoutes: readonly Route[] = [
  route({
    method: 'POST',
    at: '/v1/imports',
    summary: "what another program's configuration becomes: a document for /v1/plans, and what of it is not carried as it was",
    scope: 'read',
    confidential: true,
    body: z.strictObject({
      format: z.enum(IMPORT_FORMATS.toSorted()),
      text: z.string(),
      method: z.enum(IMPORT_METHODS).optional().describe('how packets go to servers of proxies; masq where it is absent'),
      local_addresses: z.array(z.string()).max(8).optional().describe('of fullnat, which needs them: addresses of this host'),
      vips: z.array(z.string()).max(64).optional().describe('in the place of addresses that stand for all'),
    }),
    answers: {
      200: {
        what: 'services for a plan, the same with health checks as a weir.yaml and as a keepalived.conf, and the report of weir import',
        schema: z.strictObject({
          document: z.looseObject({}),
          weir: z.string(),
          keepalived: z.string(),
          totals: z.string(),
          lines: z.array(lineShape),
          hosts: z.array(z.string()).describe('what must be changed on hosts'),
        }),
      },
    },
    async answer({ body: { format, text, method = 'masq', vips = [], local_addresses: locals = [] } }) {
      const source = {
        file: FILE,
        text,
        parseCommand: (words: readonly string[]) => parseCommand(words, NO_NAMES),
        readIncluded: refuseInclude,
      };
      const imported = await importFormat(format, source, { method, vips: vips.map(vipOf), localAddresses: localsOf(method, locals) });
      const empty = emptyImport(format, source, imported);
      if (empty !== undefined) throw refusal(empty, imported);
      const lines = [...imported.lines, ...lostOfWeir(imported, FILE)];
      return json({
        document: tableTree(importedTable(imported)),
        weir: importedWeirText(imported),
        keepalived: importedKeepalivedText(imported),
        totals: importTotals(lines),
        lines,
        hosts: imported.hosts,
      });
    },
  }),
];
