// What is new in the tables, as another director can know it: by endpoints, an object for each.
import type { ForeignConnection } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { Service } from '../abi.gen.js';
import { isRead } from '../table/ftp.js';
import type { Tables } from '../table/tables.js';
import { TemplateAbi } from '../template.gen.js';
import { type FtpNumbers, NUMBERS } from './ftp-numbers.js';
import { ownConnection } from './own-connections.js';
import { ownTemplate } from './own-templates.js';
import type { SeenSlot } from './seen-slot.js';
import type { TableNewsTo } from './table-news.js';
import type { TemplateAt } from './template-scan.js';

export interface NewsTo {
  readonly connection: (connection: ForeignConnection, where: TemplateAt) => void;
  readonly template: (template: ForeignTemplate, where: TemplateAt) => void;
  /** Who adds how numbers of FTP are shifted; absent: that is not reported. */
  readonly ftp?: FtpNumbers;
  /** As of TableNewsTo. */
  readonly ended?: { readonly connection: (connection: ForeignConnection) => void; readonly template: (template: ForeignTemplate) => void };
}

/** How its numbers are shifted, where the helper for FTP reads it. */
function shiftsOf(ftp: FtpNumbers, { dest, connection }: SeenSlot): Pick<ForeignConnection, 'shifts'> {
  const { client, port, own, service } = connection;
  if (own !== undefined || !isRead(ftp.tables, dest)) return {};
  const numbers = new Uint32Array(NUMBERS);
  return ftp.read({ client: Uint32Array.from(client), words: client.length, port }, service, numbers) ? { shifts: [...numbers] } : {};
}

/** `withoutPersistent`: not those that have a template: another director makes them from that. */
export function ownNews(
  tables: Tables,
  withoutPersistent: boolean,
  { connection: report, template: reportTemplate, ended, ftp }: NewsTo,
): TableNewsTo {
  const isLeftOut = (service: number): boolean =>
    withoutPersistent && (tables.services.get(service, Service.flags) & TemplateAbi.SVC_PERSISTENT) !== 0;
  return {
    connection: (slot, now) => {
      const connection = isLeftOut(slot.service) ? undefined : ownConnection(tables, now, slot.connection);
      const { slots, at, keyLow, keyHigh } = slot;
      if (connection !== undefined) report({ ...connection, ...(ftp && shiftsOf(ftp, slot)) }, { slots, at, keyLow, keyHigh });
    },
    template: (taken, where, now) => {
      const template = ownTemplate(tables, now, taken);
      if (template !== undefined) reportTemplate(template, where);
    },
    ...(ended && {
      ended: {
        connection: (slot, now) => {
          const connection = ownConnection(tables, now, slot.connection);
          if (connection !== undefined) ended.connection(connection);
        },
        template: (taken, _, now) => {
          const template = ownTemplate(tables, now, taken);
          if (template !== undefined) ended.template(template);
        },
      },
    }),
  };
}
