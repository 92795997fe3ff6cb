// A configuration against the host it is to run on: interfaces and scripts that are not there, scripts that others could change.
// Pure: what the host has comes in as facts. The words are those of keepalived's -t.
import type { KeepalivedConfiguration } from '../../../model/keepalived/configuration.js';
import type { Origin, Report, Severity, Values, Word } from '../keyword.js';
import { blocksByName, placeOfName } from '../values/place-of-name.js';
import { allOf, blocksOf, linesOf, lineWords, nameOf, wordsOf } from '../values/values.js';
import { checkScripts, type ScriptFacts } from './examine-scripts.js';

export interface HostInterface {
  readonly loopback: boolean;
  /** A private macvlan, which use_vmac may take over. */
  readonly macvlan: boolean;
  readonly vrf?: boolean;
}

export interface InterfaceFacts {
  /** By name. */
  readonly interfaces: ReadonlyMap<string, HostInterface>;
}

export type HostFacts = InterfaceFacts & ScriptFacts;

/** IFNAMSIZ less its NUL: a longer name was refused before. */
const LONGEST_NAME = 15;

class InterfaceCheck {
  readonly #configuration: KeepalivedConfiguration;
  readonly #root: Values;
  readonly #facts: InterfaceFacts;
  readonly #report: Report;
  readonly #named = new Map<string, ReadonlyMap<string, Values>>();
  #missing: Origin | undefined;

  constructor(configuration: KeepalivedConfiguration, root: Values, facts: InterfaceFacts, report: Report) {
    this.#configuration = configuration;
    this.#root = root;
    this.#facts = facts;
    this.#report = report;
  }

  /** The block of a named instance or group; the root where there is none. */
  #block(keyword: string, name: string): Values {
    let named = this.#named.get(keyword);
    if (named === undefined) {
      named = blocksByName(this.#root, keyword);
      this.#named.set(keyword, named);
    }
    return named.get(name) ?? this.#root;
  }

  #has(name: string | undefined): boolean {
    return name === undefined || this.#configuration.global.dynamicInterfaces || this.#facts.interfaces.has(name);
  }

  /** Says that an interface is not there, if it is not. */
  #need(name: string | undefined, block: Values, text: string, severity: Severity = 'error'): void {
    if (this.#has(name) || name === undefined) return;
    const at = placeOfName(block, name);
    const there = [...this.#facts.interfaces.keys()].slice(0, 16).join(', ');
    this.#report({ severity, at, text, hint: `this host has ${there || 'none'}` });
    this.#missing ??= at;
  }

  /** Of every block, also of one that did not become an instance. */
  #ownInterfaces(): void {
    for (const block of blocksOf(this.#root, 'vrrp_instance')) {
      const word = wordsOf(block, 'interface')?.[0]?.text;
      if (word === undefined || word === 'lo' || word.length > LONGEST_NAME) continue;
      this.#need(word, block, `WARNING - interface ${word} for vrrp_instance ${nameOf(block)} doesn't exist`);
    }
  }

  #instances(): void {
    this.#ownInterfaces();
    for (const instance of this.#configuration.instances) {
      const { name } = instance;
      const block = this.#block('vrrp_instance', name);
      this.#need(instance.vrf, block, `(${name}) WARNING - VRF interface ${instance.vrf} doesn't exist`);
      for (const tracked of instance.track.interfaces)
        this.#need(tracked.name, block, `(${name}) tracked interface ${tracked.name} doesn't exist`);
      this.#network(block, [...instance.addresses, ...instance.excludedAddresses], instance.routes, instance.rules);
      const vmac = instance.virtualInterface?.name;
      const taken = vmac === undefined ? undefined : this.#facts.interfaces.get(vmac);
      if (instance.virtualInterface?.kind === 'vmac' && taken !== undefined && !taken.macvlan) {
        const text = `(${name}) interface ${vmac} already exists and is not a private macvlan; ignoring vmac if_name`;
        this.#report({ severity: 'error', at: placeOfName(block, vmac ?? ''), text });
      }
    }
    for (const group of this.#configuration.syncGroups) {
      const block = this.#block('vrrp_sync_group', group.name);
      for (const { name } of group.track.interfaces) this.#need(name, block, `(${group.name}) tracked interface ${name} doesn't exist`);
    }
  }

  /** A route in a VRF waits for it; the original takes the route away. */
  #needVrf(name: string | undefined, block: Values): void {
    if (name === undefined) return;
    const found = this.#facts.interfaces.get(name);
    if (found === undefined ? this.#has(name) : found.vrf === true) return;
    const text = found === undefined ? `VRF ${name} not found for route` : `Route specified VRF ${name} is not a VRF`;
    this.#report({ severity: 'error', at: placeOfName(block, name), text });
  }

  #network(
    block: Values,
    addresses: KeepalivedConfiguration['root']['staticAddresses'],
    routes: KeepalivedConfiguration['root']['staticRoutes'],
    rules: KeepalivedConfiguration['root']['staticRules'],
  ): void {
    for (const { dev } of addresses) {
      const place = dev === undefined ? undefined : addressBefore(block, dev);
      this.#need(dev, block, `WARNING - interface ${dev} for ip address ${place} doesn't exist`);
    }
    for (const { dev, nextHops, vrf } of routes) {
      this.#needVrf(vrf, block);
      for (const name of [dev, ...nextHops.map((hop) => hop.dev)])
        this.#need(name, block, `WARNING - interface ${name} for VROUTE nexthop doesn't exist`);
    }
    for (const { iif, oif } of rules)
      for (const name of [iif, oif]) this.#need(name, block, `WARNING - interface ${name} for rule doesn't exist`);
  }

  /** Static addresses without `dev` stand on default_interface; a missing one ends the original. */
  #statics(): void {
    const { root, global } = this.#configuration;
    const written = new Set(linesOf(this.#root, 'static_ipaddress').flatMap((line) => lineWords(line).map((word) => word.text)));
    const own = root.staticAddresses.filter(({ dev }) => dev === undefined || written.has(dev));
    this.#network(this.#root, own, root.staticRoutes, root.staticRules);
    for (const line of linesOf(this.#root, 'static_ipaddress')) {
      if (this.#has(global.defaultInterface) || lineWords(line).some((word) => word.text === 'dev')) continue;
      const text = `Static address ${line.keyword.text} requires either an interface or default interface must exist`;
      this.#report({ severity: 'unusable', at: line.keyword.at, text, hint: `there is no ${global.defaultInterface} here` });
      this.#missing ??= line.keyword.at;
    }
    for (const [keyword, what] of [
      ['linkbeat_interfaces', 'linkbeat interface'],
      ['interface_up_down_delays', 'up/down delay'],
    ] as const) {
      for (const { keyword: name } of linesOf(this.#root, keyword)) {
        if (this.#has(name.text)) continue;
        this.#report({ severity: 'unusable', at: name.at, text: `unknown interface ${name.text} specified for ${what}` });
      }
    }
  }

  #garpGroups(): void {
    for (const block of blocksOf(this.#root, 'garp_group')) {
      const single = allOf(block, 'interface').flatMap(({ value }) => (value as readonly Word[]).slice(0, 1).map((word) => word.text));
      const names = [
        ...single,
        ...linesOf(block, 'interfaces')
          .flatMap(lineWords)
          .map((word) => word.text),
      ];
      for (const name of names) this.#need(name, block, `WARNING - interface ${name} specified for garp_group doesn't exist`);
    }
  }

  run(): void {
    this.#statics();
    this.#garpGroups();
    this.#instances();
    if (this.#missing !== undefined) {
      const hint = 'dynamic_interfaces in global_defs lets them come later';
      this.#report({ severity: 'error', at: this.#missing, text: 'Non-existent interface specified in configuration', hint });
    }
  }
}

/** The address of the line in which an interface is named. */
function addressBefore(block: Values, dev: string): string {
  for (const keyword of ['virtual_ipaddress', 'virtual_ipaddress_excluded', 'static_ipaddress']) {
    const line = linesOf(block, keyword).find(({ words }) => words.some((word) => word.text === dev));
    if (line !== undefined) return line.keyword.text;
  }
  return '';
}

/** Interfaces of `configuration` (read from `root`) that this host does not have, or has for something else. */
export function checkInterfaces(configuration: KeepalivedConfiguration, root: Values, facts: InterfaceFacts, report: Report): void {
  new InterfaceCheck(configuration, root, facts, report).run();
}

/** Everything about it that this host does not have. Nothing is changed by it. */
export function checkAgainstHost(configuration: KeepalivedConfiguration, root: Values, facts: HostFacts, report: Report): void {
  checkInterfaces(configuration, root, facts, report);
  checkScripts(configuration, root, facts, report);
}
