// What this director has, as items of weir's own stream: these name a service and a destination as they are configured. A connection goes from the words of
// its slot into the one item that there is for all.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { bytesOfText, swap16 } from '../../../wire/bytes.js';
import { DictionaryDestination } from '../../../wire/sync/stream-dictionary.js';
import { ItemBits, ItemFlag, type ItemKind, StreamItem } from '../../../wire/sync/stream-item.js';
import { Abi, Conf, Dest, Service } from '../abi.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { clockDifference, secondsOf } from '../table/clock.js';
import { forwardingOf, isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { isHelped } from '../table/ftp.js';
import { isRecordedFtp, isRecordedWide, keyOfService, methodName } from '../table/identity.js';
import { NO_OUTPUT, PROVEN, SLOT_WORDS, VALUE_WORD } from '../table/living-slots.js';
import { recordedAddress } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import type { TakenTemplate } from '../table/templates.js';
import { TemplateAbi } from '../template.gen.js';
import { WideTuple } from '../wide.gen.js';
import { Wide6Rest } from '../wide6.gen.js';
import { FtpNumbers } from './ftp-numbers.js';
import { OwnFlows } from './own-flows.js';
import { isOwnSince } from './own-since.js';
import { templateIdle } from './own-templates.js';
import type { SeenSlot } from './seen-slot.js';
import type { SlotNews } from './slot-news.js';
import { StateTimes } from './state-time.js';
import type { TableNewsTo } from './table-news.js';

/** Where something was that has ended, and its key there. */
export type EndedAt = Pick<SeenSlot, 'keyLow' | 'keyHigh' | 'dest'> & { readonly slots: Pick<SlotNews, 'pin'> };

/** An item is read during the call. `key`: what is at its place. */
export interface OwnItemsTo {
  readonly item: (what: ItemKind, item: StreamItem, slots: SlotNews, at: number, keyLow: number, keyHigh: number) => void;
  readonly ended: (what: ItemKind, item: StreamItem, at: EndedAt) => void;
}

/** A destination's record with its service's, and a method of connections. */
interface Configured {
  readonly service: number;
  readonly protocol: number;
  readonly isPortless: boolean;
  /** Its connections have local ports. */
  readonly isFullnat: boolean;
  /** It has the helper for FTP. */
  readonly isHelped: boolean;
  readonly destination: DictionaryDestination;
}

function configuredOf(tables: Tables, service: number, dest: number, method: number): Configured {
  const { services, dests } = tables;
  const key = { address: recordedAddress(dests, Dest, dest), port: swap16(dests.get(dest, Dest.port)) };
  // FULLNAT is masquerading to a connection: its destination has the difference.
  const word = recordedForwarding(tables, dest);
  const hasLocals = isFullnat(word);
  const name = hasLocals ? forwardingOf(word).method : methodName(method);
  return {
    service,
    isFullnat: hasLocals,
    isHelped: isHelped(tables, dest),
    protocol: services.get(service, Service.protocol),
    isPortless: isRecordedFtp(tables, service) || isRecordedWide(tables, service),
    destination: new DictionaryDestination(keyOfService(services, service), key, name),
  };
}

const [METHOD_SHIFT, STATE_SHIFT] = [Abi.V_METHOD_SHIFT - 32, Abi.V_STATE_SHIFT - 32];
const METHODS = 4;
/** Hundredths of a second: a connection by FULLNAT gets its local port with its first packet. */
const FLOW_WAIT = 50;

/** A field of 8 or 16 bits in words from `from` on. */
const fieldIn = (words: Uint32Array, from: number, { at, size }: { readonly at: number; readonly size: 1 | 2 }): number =>
  ((words[from + (at >> 2)] ?? 0) >>> (8 * (at & 3))) & (size === 1 ? 0xff : 0xffff);

export class OwnItems {
  /** By destination and method. */
  #known: (Configured | undefined)[] = [];
  #generation = -1;
  readonly #times = new StateTimes();
  readonly #item = new StreamItem();
  /** Seconds in a unit of the datapath's clock. */
  #unit = 0;

  readonly #flows: OwnFlows;
  readonly #ftp: FtpNumbers;

  constructor(readonly tables: Tables) {
    this.#flows = new OwnFlows(tables);
    this.#ftp = new FtpNumbers(tables);
  }

  close(): void {
    this.#flows.close();
    this.#ftp.close();
  }

  /** Makes items of what is new. */
  to({ item: report, ended }: OwnItemsTo): TableNewsTo {
    const item = this.#item;
    return {
      connection: (slot, now) => {
        if (!this.#connection(slot, now)) return;
        if (this.#hasRest(slot)) report('connection', item, slot.slots, slot.at, slot.keyLow, slot.keyHigh);
        else if (item.idle <= FLOW_WAIT) slot.slots.renewSlot(slot.at); // its first packet is on its way to its local port
      },
      template: (template, { slots, at, keyLow, keyHigh }, now) => {
        if (this.#template(template, now)) report('template', item, slots, at, keyLow, keyHigh);
      },
      ended: {
        connection: (slot, now) => {
          if (this.#connection(slot, now)) ended('connection', item, slot);
        },
        template: (template, { slots, keyLow, keyHigh }, now) => {
          if (this.#template(template, now)) ended('template', item, { slots, keyLow, keyHigh, dest: template.dest });
        },
      },
    };
  }

  /** To be called before each look: services, servers and times may have changed. */
  refresh(): void {
    const { conf } = this.tables;
    const generation = conf.get(0, Conf.generation);
    if (generation !== this.#generation) this.#known = [];
    this.#generation = generation;
    this.#times.read(this.tables);
    this.#unit = secondsOf(1, conf.get(0, Conf.hz));
  }

  #configured(service: number, dest: number, method: number): Configured {
    const index = dest * METHODS + method;
    const known = this.#known[index];
    if (known?.service === service) return known;
    const found = configuredOf(this.tables, service, dest, method);
    this.#known[index] = found;
    return found;
  }

  /** False: it goes past the servers, so that no other director needs to know it. */
  #connection(slot: SeenSlot, now: number): boolean {
    const { service, dest, high, words, what } = slot;
    if (dest === BypassAbi.BYPASS_DEST) return false;
    const item = this.#item;
    const configured = this.#configured(service, dest, (high >>> METHOD_SHIFT) & (METHODS - 1));
    const { destination } = configured;
    item.destination = destination;
    item.flags = destination.family === 'inet6' ? ItemFlag.inet6 : 0;
    item.port = swap16(slot.keyHigh & 0xffff);
    item.protocol = configured.protocol;
    const client = what === undefined || what === 'tuple' ? 0 : SLOT_WORDS;
    for (let k = 0; k < item.words; k++) item.client[k] = words[client + k] ?? 0;
    if (what === 'tuple') this.#endpoint(words, SLOT_WORDS, WideTuple.vaddr.at / 4, SLOT_WORDS, WideTuple);
    else if (what === 'client and tuple') this.#endpoint(words, 2 * SLOT_WORDS, 0, 3 * SLOT_WORDS, Wide6Rest);
    const state = (high >>> STATE_SHIFT) & ItemBits.state;
    const hasStates = item.protocol === IpProtocol.tcp || item.protocol === IpProtocol.sctp;
    item.bits =
      (hasStates ? state : 0) |
      ItemBits.seen |
      ((high & NO_OUTPUT) === 0 ? ItemBits.answered : 0) |
      ((high & PROVEN) === 0 ? 0 : ItemBits.proven);
    const left = clockDifference(words[VALUE_WORD] ?? 0, now);
    item.secondsLeft = Math.max(1, Math.round(left * this.#unit));
    const idle = (this.#times.of(item.protocol, state) - left) * this.#unit;
    item.idleSeconds = idle;
    if (isOwnSince(idle) && !slot.slots.isForeign(slot.at, slot.expires)) item.bits |= ItemBits.own;
    return true;
  }

  /** Adds to a connection's item what stands elsewhere: FTP's numbers and replies, and FULLNAT's local port. False: that is not there. */
  #hasRest({ service, dest, high, what }: SeenSlot): boolean {
    const { isFullnat, isHelped } = this.#configured(service, dest, (high >>> METHOD_SHIFT) & (METHODS - 1));
    const item = this.#item;
    // A data connection that is expected has no client's port yet, and no local one.
    const hasRest = !isFullnat || item.port === 0 || this.#flows.read(item, dest, what === 'tuple' || what === 'client and tuple');
    if (isHelped && (what === undefined || what === 'client')) {
      if (this.#ftp.read(item, service, item.sequence)) item.flags |= ItemFlag.sequence;
      item.reply.set(this.#ftp.reply);
      if (item.reply.some((word) => word !== 0)) item.flags |= ItemFlag.reply;
    }
    return hasRest;
  }

  /** What a connection of all ports or of a mark has beside its slot: its virtual address, and from `rest` on its ports and protocol. */
  #endpoint(words: Uint32Array, address: number, more: number, rest: number, fields: typeof WideTuple | typeof Wide6Rest): void {
    const item = this.#item;
    const { service, key, serviceWords } = item.destination;
    item.protocol = fieldIn(words, rest, fields.protocol);
    item.virtualPort = swap16(fieldIn(words, rest, fields.vport));
    item.serverPort = swap16(fieldIn(words, rest, fields.dport));
    let isOwn = service.kind === 'fwmark' || service.port !== item.virtualPort || key.port !== item.serverPort;
    for (let k = 0; k < item.words; k++) {
      const word = words[address + more + k] ?? 0;
      item.virtual[k] = word;
      if (word !== serviceWords[k]) isOwn = true;
    }
    if (isOwn) item.flags |= ItemFlag.endpoint;
  }

  /** False: it is of a call that is not known any more. */
  #template(template: TakenTemplate, now: number): boolean {
    const { client, service, dest, assured, expires, timeout, isOfCall, call } = template;
    if (isOfCall && call === undefined) return false;
    const item = this.#item;
    const { destination, isPortless } = this.#configured(service, dest, this.tables.dests.get(dest, Dest.method));
    item.destination = destination;
    item.flags =
      (destination.family === 'inet6' ? ItemFlag.inet6 : 0) | (assured ? ItemFlag.assured : 0) | (isPortless ? ItemFlag.portless : 0);
    if (call !== undefined) {
      item.flags |= ItemFlag.call;
      item.call = bytesOfText(call);
    }
    item.client.set(client);
    const secondsIn = (units: number): number => Math.max(1, Math.round(units * this.#unit));
    item.secondsLeft = secondsIn(clockDifference(expires, now));
    item.secondsInAll = timeout === undefined ? TemplateAbi.TEMPLATE_HELD_SECONDS : secondsIn(timeout);
    item.idleSeconds = templateIdle(this.tables, now, template);
    return true;
  }
}
