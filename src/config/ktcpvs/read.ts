// KTCPVS's configuration file: text → its table.
import { WeirError } from '../../model/errors/weir-error.js';
import { expressionFault } from '../../model/expression/regular-expression.js';
import { destinationId } from '../../model/identity.js';
import type { DestinationKey } from '../../model/service.js';
import { defaultVirtual, type KtcpvsRule, type KtcpvsServer, type KtcpvsVirtual, ktcpvsSchedulers } from './virtual.js';

/** An address with a port, by numbers or names; undefined: it is none. */
export type ReadAddress = (text: string) => DestinationKey | undefined;

const NUMBER_KEYS = {
  startservers: 'startServers',
  maxclients: 'maxClients',
  minspareservers: 'minSpareServers',
  maxspareservers: 'maxSpareServers',
} as const;
const HEAD = /^virtual\s+([A-Za-z0-9_.-]{1,15})\s*\{$/i;
const RULE = /^pattern\s+"([^"]*)"\s+(?:match\s+(\d{1,2})\s+)?use\s+server\s+(\S+)$/i;
const COUNT_MAX = 65_536;
const WEIGHT_MAX = 65_535;
const MATCH_MAX = 9;
/** weir's own: what stands behind it is a comment for KTCPVS. */
const STARTED = '# started';
const SWITCHED = '# way = switch';

/** A virtual service whose } is to come: its lists grow in place. */
interface OpenVirtual extends KtcpvsVirtual {
  readonly servers: KtcpvsServer[];
  readonly rules: KtcpvsRule[];
}

class Reader {
  readonly virtuals: KtcpvsVirtual[] = [];
  #open: OpenVirtual | undefined;
  /** Of the open virtual service, by destinationId. */
  readonly #servers = new Set<string>();
  /** What is wrong with each pattern, which several rules may have. */
  readonly #patterns = new Map<string, string | undefined>();

  constructor(
    readonly file: string,
    readonly address: ReadAddress,
  ) {}

  line(text: string, number: number): void {
    const refuse = (what: string): never => {
      throw new WeirError('ktcpvs-file', { file: this.file, line: number, what });
    };
    const line = text.trim();
    if (line === STARTED && this.#open !== undefined) this.#open = { ...this.#open, isStarted: true };
    if (line === SWITCHED && this.#open !== undefined) this.#open = { ...this.#open, isSwitched: true };
    if (line === '' || line.startsWith('#')) return;
    const [, name] = HEAD.exec(line) ?? [];
    if (name !== undefined) this.#begin(name, refuse);
    else if (line === '}') this.#end(refuse);
    else if (this.#open === undefined) refuse('expected virtual NAME {');
    else this.#open = this.#setting(this.#open, line, refuse);
  }

  #begin(name: string, refuse: (what: string) => never): void {
    if (this.#open !== undefined) refuse(`virtual ${this.#open.name} has no } before`);
    if (this.virtuals.some((virtual) => virtual.name === name)) refuse(`virtual ${name} is there twice`);
    this.#open = { ...defaultVirtual, name, servers: [], rules: [] };
    this.#servers.clear();
  }

  #end(refuse: (what: string) => never): void {
    if (this.#open === undefined) refuse('a } without its virtual');
    else this.virtuals.push(this.#open);
    this.#open = undefined;
  }

  #setting(virtual: OpenVirtual, line: string, refuse: (what: string) => never): OpenVirtual {
    const [, key = '', value = ''] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? refuse('expected KEY = VALUE');
    const name = key.toLowerCase();
    const at = (text: string): DestinationKey => this.address(text) ?? refuse(`${text} is no address with a port`);
    const withPort = (text: string): DestinationKey => (at(text).port > 0 ? at(text) : refuse(`${text} has no port`));
    if (name === 'listen') return { ...virtual, listen: withPort(value) };
    if (name === 'redirect') return { ...virtual, redirect: withPort(value) };
    if (name === 'scheduler') {
      return { ...virtual, scheduler: ktcpvsSchedulers.find((one) => one === value) ?? refuse(`there is no scheduler ${value}`) };
    }
    if (name === 'server') {
      const [, text = '', weight = '1'] = /^(\S+)(?:\s+(\d{1,5}))?$/.exec(value) ?? refuse('expected server = ADDRESS:PORT WEIGHT');
      if (Number(weight) > WEIGHT_MAX) refuse(`a weight is ${WEIGHT_MAX} at most`);
      const key = at(text);
      const id = destinationId(key);
      if (this.#servers.has(id)) refuse(`the server ${text} is there twice`);
      this.#servers.add(id);
      virtual.servers.push({ ...key, weight: Number(weight) });
      return virtual;
    }
    if (name === 'rule') return this.#rule(virtual, value, refuse);
    if (Object.hasOwn(NUMBER_KEYS, name)) {
      if (!/^\d{1,5}$/.test(value) || Number(value) > COUNT_MAX) refuse(`${key} is a number up to ${COUNT_MAX}`);
      return { ...virtual, [NUMBER_KEYS[name as keyof typeof NUMBER_KEYS]]: Number(value) };
    }
    return refuse(`unknown key ${key}`);
  }

  #rule(virtual: OpenVirtual, value: string, refuse: (what: string) => never): OpenVirtual {
    const [, pattern = '', match = '0', text = ''] =
      RULE.exec(value) ?? refuse('expected rule = pattern "EXPRESSION" [match NUMBER] use server ADDRESS:PORT');
    const server = this.address(text);
    if (!this.#patterns.has(pattern)) this.#patterns.set(pattern, expressionFault(pattern));
    const why = this.#patterns.get(pattern);
    if (server === undefined || !this.#servers.has(destinationId(server)))
      return refuse(`the rule's server ${text} is none of the virtual service`);
    if (why !== undefined) refuse(`this regular expression is not read: ${why}`);
    if (Number(match) > MATCH_MAX) refuse(`match is ${MATCH_MAX} at most`);
    // The file has rules in the order of the table.
    virtual.rules.push({ pattern, match: Number(match), server });
    return virtual;
  }

  end(lines: number): readonly KtcpvsVirtual[] {
    if (this.#open !== undefined)
      throw new WeirError('ktcpvs-file', { file: this.file, line: lines, what: `virtual ${this.#open.name} has no }` });
    return this.virtuals;
  }
}

/** @throws WeirError ktcpvs-file */
export function readKtcpvs(file: string, text: string, address: ReadAddress): readonly KtcpvsVirtual[] {
  const reader = new Reader(file, address);
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) reader.line(line, index + 1);
  return reader.end(lines.length);
}
