// Puts connections that another director has into the tables: from objects, and from the items of weir's own stream.
import { APPLIED, type Applied, type ForeignConnection, type Rivalry } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { unlessCode } from '../../../sys/errno.js';
import { bytesOfText, swap16 } from '../../../wire/bytes.js';
import { ItemReader, type ReceivedBlock } from '../../../wire/sync/stream-block.js';
import { ItemBits, ItemFlag, StreamItem } from '../../../wire/sync/stream-item.js';
import { clockNow } from '../table/clock.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { isRead } from '../table/ftp.js';
import { packetWords } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { tableKind } from './apply-builds.js';
import { ApplyPages, type ApplyWatch } from './apply-pages.js';
import { ApplyRecords } from './apply-records.js';
import { ApplyTargets } from './apply-target.js';
import { flowFields } from './flow-fields.js';
import { FlowFields, FlowPages, type FlowStep } from './flow-pages.js';
import { FtpNumbers, type ShiftedItem } from './ftp-numbers.js';
import { type FoundTarget, ItemTargets } from './item-targets.js';

/** A connection whose numbers are to be stored, once it is there. `left`: clock units. */
interface Shifted {
  readonly index: number;
  readonly connection: ForeignConnection;
  readonly shifts: readonly number[];
  readonly service: number;
  readonly left: number;
}

/** `rivalry`: for those with a time of their last packet. */
export interface ApplyOptions extends ApplyWatch {
  readonly rivalry?: Rivalry;
}

export class ConnectionApplier {
  readonly #pages: ApplyPages;
  readonly #flows: FlowPages;
  readonly #ftp: FtpNumbers;
  readonly #records: ApplyRecords;
  readonly #targets: ItemTargets;
  readonly #flow = new FlowFields();
  readonly #item = new StreamItem();
  /** Of an item. */
  readonly #seen = { answered: false, proven: false };
  readonly #times = { seconds: 0, idle: 0, ended: false, delay: 0 };

  constructor(readonly tables: Tables) {
    this.#pages = new ApplyPages(tables);
    this.#flows = new FlowPages(tables);
    this.#ftp = new FtpNumbers(tables);
    this.#records = new ApplyRecords(tables);
    this.#targets = new ItemTargets(tables);
  }

  /**
   * What became of each. The caller holds the lock, and no move of a table has begun and not ended.
   * @throws WeirError kernel-refuses-datapath, pin-missing
   */
  apply(connections: readonly ForeignConnection[], options: ApplyOptions = {}): readonly Applied[] {
    const targets = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    this.#begin(connections.length, options);
    const shifted: Shifted[] = [];
    for (const [index, connection] of connections.entries()) this.#put(targets, index, connection, shifted);
    const names = [...this.#names()];
    for (const each of shifted) {
      const applied = names[each.index];
      if ((applied === 'made' || applied === 'changed') && !this.#storeShifts(each, applied === 'made')) names[each.index] = 'full';
    }
    return names;
  }

  /** As apply(), of templates. */
  applyTemplates(templates: readonly ForeignTemplate[], options: ApplyOptions = {}): readonly Applied[] {
    const targets = new ApplyTargets(this.tables, new EndpointTable(this.tables));
    this.#begin(templates.length, options);
    for (const [index, template] of templates.entries()) this.#putTemplate(targets, index, template);
    return this.#names();
  }

  /** As apply(), of the items of blocks, in their order. The answers are places in APPLIED. `count`: of all of them. */
  applyItems(blocks: readonly ReceivedBlock[], count: number, options: ApplyOptions = {}): Uint8Array {
    this.#targets.begin();
    this.#begin(count, options);
    this.#flows.begin(count);
    const { isUsed } = this.#flows;
    if (isUsed) {
      this.#each(blocks, (index, isConnection) => isConnection && !this.#times.ended && this.#putFlow(index, 'reserve'));
      this.#flows.run('reserve');
    }
    this.#each(blocks, (index, isConnection) => (isConnection ? this.#putItem(index) : this.#putTemplateItem(index)));
    const answers = this.#pages.end();
    const isHelped = this.#ftp.ways.length > 0;
    if (!isUsed && !isHelped) return answers;
    this.#each(blocks, (index, isConnection) => {
      const applied = APPLIED[answers[index] ?? 0] ?? 'busy';
      if (isConnection && isUsed) this.#settleFlow(index, applied);
      if (isConnection && isHelped && !this.#settleNumbers(applied)) answers[index] = APPLIED.indexOf('full');
    });
    this.#flows.run('keep');
    return answers;
  }

  #each(blocks: readonly ReceivedBlock[], work: (index: number, isConnection: boolean) => void): void {
    let index = 0;
    for (const { block, delay } of blocks) {
      const items = new ItemReader(block);
      const isConnection = block.what === 'connection';
      this.#times.ended = block.ended;
      this.#times.delay = delay / 100;
      for (; items.next(this.#item); index++) {
        this.#times.seconds = this.#item.seconds;
        this.#times.idle = (this.#item.idle + delay) / 100;
        work(index, isConnection);
      }
    }
  }

  close(): void {
    this.#pages.close();
    this.#flows.close();
    this.#ftp.close();
  }

  /** FTP's, of a connection of which this became. False: there is no room for them. */
  #settleNumbers(applied: Applied): boolean {
    const item = this.#item;
    const isThere = applied === 'made' || applied === 'changed';
    if (!isThere && applied !== 'ended' && applied !== 'over') return true;
    const target = this.#targets.connection(item, this.#times.ended);
    if (typeof target === 'string' || !target.ftp) return true;
    if (!isThere) {
      this.#ftp.forget(item, target.service);
      return true;
    }
    if ((item.flags & ItemFlag.sequence) === 0) item.sequence.fill(0);
    if ((item.flags & ItemFlag.reply) === 0) item.reply.fill(0);
    this.#fill(target);
    return this.#store(item, target.service, this.#records.fields.left, applied === 'made');
  }

  /** False: there is no room for them. `left`: clock units that the connection has. */
  #store(item: ShiftedItem, service: number, left: number, made: boolean): boolean {
    const store = (): boolean => {
      this.#ftp.store(item, service, (clockNow(this.tables.conf) + left) >>> 0, made);
      return true;
    };
    return unlessCode(store, ['E2BIG', 'ENOSPC'], false);
  }

  #begin(count: number, { rivalry, ...watch }: ApplyOptions): void {
    this.#pages.begin(count, this.#records.begin(rivalry), watch);
  }

  #names(): readonly Applied[] {
    return Array.from(this.#pages.end(), (answer) => APPLIED[answer] ?? 'busy');
  }

  #put(targets: ApplyTargets, index: number, connection: ForeignConnection, shifted: Shifted[]): void {
    const { client, virtual, server, protocol, state, seconds, late, idle, ended = false, shifts } = connection;
    const target = targets.of(connection);
    if (target === undefined) return;
    if (isFullnat(recordedForwarding(this.tables, target.dest))) {
      this.#pages.answer(index, 'unsupported');
      return;
    }
    const { fields } = this.#records;
    fields.client.set(packetWords(client.address));
    fields.vaddr.set(packetWords(virtual.address));
    [fields.port, fields.vport, fields.dport] = [swap16(client.port), swap16(virtual.port), swap16(server.port)];
    fields.protocol = protocol;
    const isShifted = shifts !== undefined && !target.wide && isRead(this.tables, target.dest);
    // The helper has changed a reply of its server's.
    const seen = connection.seen ?? (isShifted ? { answered: true, proven: true } : undefined);
    this.#records.connection(target, state, seen, late, { seconds, idle, ended });
    if (isShifted) shifted.push({ index, connection, shifts, service: target.service, left: fields.left });
    this.#pages.put(tableKind(client.address.family, protocol === IpProtocol.sctp, target.wide), index, fields);
  }

  #storeShifts({ connection: { client }, shifts, service, left }: Shifted, made: boolean): boolean {
    const words = packetWords(client.address);
    const item = { client: Uint32Array.from(words), words: words.length, port: client.port, sequence: Uint32Array.from(shifts) };
    return this.#store(item, service, left, made);
  }

  #putTemplate(targets: ApplyTargets, index: number, template: ForeignTemplate): void {
    const { client, assured, seconds, timeout, idle, ended = false, call } = template;
    const target = targets.ofTemplate(template);
    if (target === undefined) return;
    const { fields } = this.#records;
    fields.client.set(packetWords(client));
    this.#records.template(target, assured, timeout, { seconds, idle, ended }, call === undefined ? call : bytesOfText(call));
    this.#pages.put(tableKind(client.family, false, false), index, fields);
  }

  #putItem(index: number): void {
    const item = this.#item;
    const target = this.#targets.connection(item, this.#times.ended);
    const refusal = typeof target === 'string' ? target : this.#flows.refusal(index);
    if (typeof target === 'string' || refusal !== undefined) {
      this.#pages.answer(index, refusal ?? 'busy');
      return;
    }
    this.#fill(target);
    this.#pages.put(tableKind(item.destination.family, item.protocol === IpProtocol.sctp, target.wide), index, this.#records.fields);
  }

  /** Makes the item a connection's record. */
  #fill(target: FoundTarget): void {
    const item = this.#item;
    const { fields } = this.#records;
    for (let k = 0; k < 4; k++) {
      fields.client[k] = item.client[k] ?? 0;
      fields.vaddr[k] = item.virtual[k] ?? 0;
    }
    fields.port = swap16(item.port);
    fields.vport = swap16(item.virtualPort);
    fields.dport = swap16(item.serverPort);
    fields.protocol = item.protocol;
    const { bits } = item;
    this.#seen.answered = (bits & ItemBits.answered) !== 0;
    this.#seen.proven = (bits & ItemBits.proven) !== 0;
    this.#records.connection(target, bits & ItemBits.state, (bits & ItemBits.seen) === 0 ? undefined : this.#seen, false, this.#times);
    fields.isOwn = (bits & ItemBits.own) !== 0;
  }

  /** By FULLNAT its client has a local port. */
  #putFlow(index: number, step: FlowStep): void {
    const item = this.#item;
    const target = this.#targets.connection(item, this.#times.ended);
    if (typeof target === 'string' || !target.fullnat || (step !== 'drop' && (item.flags & ItemFlag.local) === 0)) return;
    this.#fill(target);
    this.#flows.put(item.destination.family, index, step, flowFields(this.#flow, this.tables, item, target, this.#records.fields));
  }

  /** What became of its connection. */
  #settleFlow(index: number, applied: Applied): void {
    if (applied === 'ended' || (this.#flows.isMade(index) && applied !== 'made' && applied !== 'changed')) this.#putFlow(index, 'drop');
    else if (applied === 'made' || applied === 'changed') this.#putFlow(index, 'keep');
  }

  #putTemplateItem(index: number): void {
    const item = this.#item;
    const target = this.#targets.template(item);
    if (typeof target === 'string') {
      this.#pages.answer(index, target);
      return;
    }
    const { fields } = this.#records;
    fields.client.set(item.client);
    const call = (item.flags & ItemFlag.call) === 0 ? undefined : item.call;
    this.#records.template(target, (item.flags & ItemFlag.assured) !== 0, item.timeout, this.#times, call);
    this.#pages.put(tableKind(item.destination.family, false, false), index, fields);
  }
}
