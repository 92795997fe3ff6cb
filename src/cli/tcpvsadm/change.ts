// What each command of tcpvsadm makes of the table. New services and servers come first, as in the kernel's lists.

import type { ReadAddress } from '../../config/ktcpvs/read.js';
import { addedRules, defaultVirtual, type KtcpvsVirtual, ktcpvsSchedulers, serverIn, withRule } from '../../config/ktcpvs/virtual.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { expressionFault } from '../../model/expression/regular-expression.js';
import { sameDestination } from '../../model/identity.js';
import type { DestinationKey } from '../../model/service.js';
import { type TcpvsadmCommand, usageError } from './options.js';

type Table = readonly KtcpvsVirtual[];

const NAME = /^[A-Za-z0-9_.-]{1,15}$/;
const WEIGHT_MAX = 65_535;
const PORT_MAX = 65_534;
const MATCH_MAX = 9;

const refused = (what: string): WeirError => new WeirError('tcpvsadm-refused', { what });

function numberOf(text: string | undefined, otherwise: number, min: number, max: number, what: string): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,5}$/.test(text) || Number(text) < min || Number(text) > max) throw usageError(`illegal ${what} specified`);
  return Number(text);
}

/** One command on one table. */
class Change {
  constructor(
    readonly table: Table,
    readonly command: TcpvsadmCommand,
    readonly address: ReadAddress,
  ) {}

  #at(text: string): DestinationKey {
    const key = this.address(text);
    if (key === undefined) throw usageError('illegal address:port specified');
    return key;
  }

  #virtual(ifMissing: string): KtcpvsVirtual {
    const found = this.table.find(({ name }) => name === this.command.options.ident);
    if (found === undefined) throw refused(ifMissing);
    return found;
  }

  #with(changed: KtcpvsVirtual): Table {
    return this.table.map((virtual) => (virtual.name === changed.name ? changed : virtual));
  }

  #settings(): Pick<KtcpvsVirtual, 'listen' | 'scheduler'> {
    const { scheduler, port, listen } = this.command.options;
    const found = scheduler === undefined ? defaultVirtual.scheduler : ktcpvsSchedulers.find((one) => one === scheduler);
    if (found === undefined) throw refused('Scheduler not found');
    const own =
      listen === undefined ? defaultVirtual.listen : this.#at(listen.includes(':') ? listen : `${listen}:${defaultVirtual.listen.port}`);
    return { scheduler: found, listen: { ...own, port: numberOf(port ?? String(own.port), own.port, 1, PORT_MAX, 'server port') } };
  }

  /** `before`: what it is where the command has no way. */
  #isSwitched(before: boolean): boolean {
    const { way } = this.command.options;
    if (way !== undefined && way !== 'switch' && way !== 'proxy') throw usageError('a way is proxy or switch');
    return way === undefined ? before : way === 'switch';
  }

  addService(): Table {
    const { ident = '' } = this.command.options;
    if (!NAME.test(ident)) throw usageError('an ident is up to 15 letters, digits, dots and dashes');
    if (this.table.some(({ name }) => name === ident)) throw refused('Service already exists');
    return [{ ...defaultVirtual, name: ident, ...this.#settings(), isSwitched: this.#isSwitched(false) }, ...this.table];
  }

  editService(): Table {
    const before = this.#virtual('No such service');
    return this.#with({ ...before, ...this.#settings(), isSwitched: this.#isSwitched(before.isSwitched) });
  }

  deleteService(): Table {
    const gone = this.#virtual('No such service');
    return this.table.filter((virtual) => virtual !== gone);
  }

  #server(): DestinationKey {
    const text = this.command.options['real-server'] ?? '';
    return this.#at(/:/.test(text) ? text : `${text}:0`);
  }

  addServer(): Table {
    const virtual = this.#virtual('Service not defined');
    const server = this.#server();
    if (serverIn(virtual, server) !== undefined) throw refused('Destination already exists');
    const weight = numberOf(this.command.options.weight, 1, 0, WEIGHT_MAX, 'weight');
    return this.#with({ ...virtual, servers: [{ ...server, weight }, ...virtual.servers] });
  }

  editServer(): Table {
    const virtual = this.#virtual('Service not defined');
    const edited = serverIn(virtual, this.#server());
    if (edited === undefined) throw refused('No such destination');
    const weight = numberOf(this.command.options.weight, 1, 0, WEIGHT_MAX, 'weight');
    return this.#with({ ...virtual, servers: virtual.servers.map((one) => (one === edited ? { ...one, weight } : one)) });
  }

  deleteServer(): Table {
    const virtual = this.#virtual('Service not defined');
    const gone = serverIn(virtual, this.#server());
    if (gone === undefined) throw refused('No such destination');
    if (virtual.rules.some(({ server }) => sameDestination(server, gone))) throw refused('Destination is busy');
    return this.#with({ ...virtual, servers: virtual.servers.filter((one) => one !== gone) });
  }

  addRule(): Table {
    const virtual = this.#virtual('Service not defined');
    const server = this.#server();
    const { pattern = '', match } = this.command.options;
    if (serverIn(virtual, server) === undefined) throw refused('No such destination');
    if (virtual.rules.some((rule) => sameDestination(rule.server, server))) throw refused('The destination is in a rule already');
    const why = /["\n]/.test(pattern) ? 'it has a " or ends a line' : expressionFault(pattern);
    if (why !== undefined) throw refused(`The pattern is not read: ${why}`);
    const rule = { pattern, match: numberOf(match, 0, 0, MATCH_MAX, 'match number'), server };
    return this.#with({ ...virtual, rules: withRule(virtual.rules, rule) });
  }

  deleteRule(): Table {
    const virtual = this.#virtual('Service not defined');
    const server = this.#server();
    const { pattern } = this.command.options;
    const gone = virtual.rules.find((rule) => rule.pattern === pattern && sameDestination(rule.server, server));
    if (gone === undefined) throw refused('No such rule');
    return this.#with({ ...virtual, rules: virtual.rules.filter((rule) => rule !== gone) });
  }

  start(isStarted: boolean): Table {
    const { ident } = this.command.options;
    if (ident === undefined) return this.table.map((virtual) => ({ ...virtual, isStarted }));
    return this.#with({ ...this.#virtual('No such service'), isStarted });
  }
}

/** The table after a command; undefined: the command changes none. @throws WeirError tcpvsadm-refused, tcpvsadm-usage */
export function changedTable(table: Table, command: TcpvsadmCommand, address: ReadAddress): Table | undefined {
  const change = new Change(table, command, address);
  switch (command.name) {
    case 'add-service':
      return change.addService();
    case 'edit-service':
      return change.editService();
    case 'delete-service':
      return change.deleteService();
    case 'flush':
      return [];
    case 'add-server':
      return change.addServer();
    case 'edit-server':
      return change.editServer();
    case 'delete-server':
      return change.deleteServer();
    case 'add-rule':
      return change.addRule();
    case 'del-rule':
      return change.deleteRule();
    case 'start':
      return change.start(true);
    case 'stop':
      return change.start(false);
    default:
      return undefined;
  }
}

/** What the commands of a file's lines make: the last ones come first. */
export const loadedTable = (virtuals: Table): Table =>
  virtuals
    .map((virtual) => ({
      ...virtual,
      servers: virtual.servers.toReversed(),
      rules: addedRules(virtual.rules),
    }))
    .toReversed();
