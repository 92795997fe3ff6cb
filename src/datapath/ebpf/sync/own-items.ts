// What this director has, as items of weir's own stream: these name a service and a destination as they are configured.
import type { DestinationKey, ServiceKey } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import type { StreamItem } from '../../../wire/stream-record.js';
import { Abi, Conf, Dest } from '../abi.gen.js';
import { keyOfService } from '../table/identity.js';
import { recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import type { NewsTo, Reported } from './connection-news.js';
import type { ReportedAt } from './table-scan.js';

interface Configured {
  readonly service: ServiceKey;
  readonly destination: DestinationKey;
}

/** `idle`: seconds. */
export interface OwnItemsTo {
  readonly item: (item: StreamItem, idle: number, where: ReportedAt) => void;
  readonly ended: (item: StreamItem, idle: number) => void;
}

export class OwnItems {
  readonly #known = new Map<number, Configured>();
  #generation = -1;

  constructor(readonly tables: Tables) {}

  /** Makes items of what is reported. */
  to({ item, ended }: OwnItemsTo): NewsTo {
    this.#forgetChanged();
    return {
      connection: (connection, reported, where) =>
        item({ kind: 'connection', ...this.#configured(reported), connection }, reported.idle, where),
      template: (template, reported, where) => item({ kind: 'template', ...this.#configured(reported), template }, reported.idle, where),
      ended: {
        connection: (connection, reported) => ended({ kind: 'connection', ...this.#configured(reported), connection }, reported.idle),
        template: (template, reported) => ended({ kind: 'template', ...this.#configured(reported), template }, reported.idle),
      },
    };
  }

  #forgetChanged(): void {
    const generation = this.tables.conf.get(0, Conf.generation);
    if (generation !== this.#generation) this.#known.clear();
    this.#generation = generation;
  }

  #configured({ service, dest }: Reported): Configured {
    const id = service * (Abi.V_DEST_MASK + 1) + dest;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const { services, dests } = this.tables;
    const destination = { address: recordedAddress(dests, Dest, dest), port: swap16(dests.get(dest, Dest.port)) };
    const found = { service: keyOfService(services, service), destination };
    this.#known.set(id, found);
    return found;
  }
}
