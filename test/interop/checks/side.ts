// One daemon in its world with the servers of a case, and everything that it does, in order.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { projectRoot } from '../../../src/lab/state/paths.js';
import { fileOptions } from '../../support/file-options.js';
import { RunningDaemon } from '../../support/running-daemon.js';
import { program } from '../harness.js';
import { watchAttempts } from './attempts.js';
import { Neighbour } from './neighbour.js';
import { relay } from './relay.js';
import { type Behaviour, endpointOf, type Place, Servers } from './servers.js';
import { emptyTable, KernelTable, type Table } from './table.js';
import { TableWatch } from './table-watch.js';
import type { Tools } from './tools.js';
import type { CheckCase } from './types.js';
import type { World } from './world.js';

export type Happening =
  | { readonly kind: 'line' | 'attempt' | 'mail' | 'step'; readonly atMs: number; readonly text: string }
  | { readonly kind: 'table'; readonly atMs: number; readonly table: Table };

const NOTE = '#!/bin/sh\necho "$*" >> "${0%/*}/notes"\n';
const READER = '#!/bin/sh\nfor last; do :; done\nexec cat "$last" >> "${0%/*}/fifo-lines"\n';
/** A file that is being written is empty for a moment. */
const EXIT = '#!/bin/sh\nuntil status=$(cat "${0%/*}/$1") && [ -n "$status" ]; do :; done\nexit "$status"\n';

export class Side {
  readonly folder: string;
  readonly happened: Happening[] = [];
  readonly servers: Servers;
  readonly neighbour: Neighbour;
  readonly #kernel = new KernelTable();
  readonly #watch: TableWatch | undefined;
  readonly #ends: (() => void)[] = [];
  #daemon: RunningDaemon | undefined;
  #seen = 0;

  constructor(
    readonly world: World,
    readonly checked: CheckCase,
    folder: string,
    readonly tools: Tools,
  ) {
    this.folder = join(folder, `${checked.name}-${world.maker}`);
    mkdirSync(this.folder);
    this.#write({ note: NOTE, reader: READER, exit: EXIT, ...checked.files });
    for (const name of ['note', 'reader', 'exit']) chmodSync(join(this.folder, name), 0o755);
    world.forget();
    this.servers = new Servers(world, tools.certificate);
    this.neighbour = new Neighbour(world, this.folder);
    if (world.maker === 'weir') this.#watch = new TableWatch(world.netns.cookie, (table) => this.#table(table));
    this.#ends.push(watchAttempts(world.netns, (place, atMs) => this.#add('attempt', place, atMs)));
    this.#ends.push(relay(world.netns, (text) => this.#add('mail', text)));
  }

  /** Of the same clock as all other times, which are finer, and not before what was seen already. */
  #now(): number {
    return Math.max(Date.now(), ...this.happened.slice(-20).map(({ atMs }) => atMs));
  }

  #add(kind: 'line' | 'attempt' | 'mail' | 'step', text: string, atMs = this.#now()): void {
    this.happened.push({ kind, atMs, text });
  }

  #table(table: Table, atMs = this.#now()): void {
    this.happened.push({ kind: 'table', atMs, table });
  }

  #write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
  }

  write(files: Readonly<Record<string, string>>): void {
    this.#add('step', `write ${Object.keys(files).join(' ')}`);
    this.#write(files);
  }

  async serve(serving: Readonly<Partial<Record<Place, Behaviour>>>): Promise<void> {
    for (const [place, behaviour] of Object.entries(serving)) {
      await this.#betweenAttempts(place as Place);
      this.#add('step', `serve ${place}`);
      await this.servers.serve(place as Place, behaviour as Behaviour);
    }
  }

  /** Until the next attempt has been made, so that no attempt is under way when the server changes, and the next one is a second away. */
  async #betweenAttempts(place: Place): Promise<void> {
    const { address, port, protocol } = endpointOf(place);
    const text = `${address}:${port}${protocol === 'udp' ? '/udp' : ''}`;
    const made = this.count('attempt', text);
    if (made === 0) return;
    await this.daemon.until(`an attempt at ${place}`, () => this.count('attempt', text) > made);
    // What it connected to takes it in the same turn of the event loop, or in the next.
    for (let turns = 0; turns < 2; turns++) await turn();
  }

  configure(text: string): void {
    this.#write({ conf: text.replaceAll('@/', `${this.folder}/`) });
  }

  start(): void {
    this.configure(this.checked.config);
    const { maker, host } = this.world;
    const preload = maker === 'debian' ? ['env', `LD_PRELOAD=${this.tools.ipvs}`] : [];
    const file = (name: string): string => join(this.folder, name);
    const files = fileOptions(file);
    const argv = [
      'ip',
      'netns',
      'exec',
      host.namespace,
      this.tools.stamp,
      ...preload,
      program(maker),
      '-n',
      '-l',
      '-D',
      '-G',
      '-C',
      ...files,
    ];
    this.#daemon = new RunningDaemon([...argv, ...(this.checked.options ?? [])], { TMPDIR: this.folder }, () => this.#lines());
  }

  /** What came since the last time, with the time that `stamp` put in front. */
  #lines(): void {
    const lines = this.#daemon?.lines ?? [];
    // What weir changed before it logged is looked at before, too.
    if (lines.length > this.#seen) this.#watch?.look();
    for (const stamped of lines.slice(this.#seen)) {
      const [, microseconds = '', line = ''] = /^(\d+) (?:\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}: )?(.*)$/.exec(stamped) ?? [];
      const atMs = Number(microseconds) / 1000;
      const [, request] = /^IPVS (.*)$/.exec(line) ?? [];
      if (request === undefined) {
        this.#add('line', line, atMs);
        continue;
      }
      const before = this.#kernel.table;
      this.#kernel.take(request.split(' '));
      if (this.#kernel.table !== before) this.#table(this.#kernel.table, atMs);
    }
    this.#seen = lines.length;
  }

  get daemon(): RunningDaemon {
    if (this.#daemon === undefined) throw new Error('not started');
    return this.#daemon;
  }

  reload(text: string): void {
    this.#add('step', 'reload');
    this.configure(text);
    this.daemon.signal('SIGHUP');
  }

  get lines(): readonly string[] {
    return this.happened.flatMap((entry) => (entry.kind === 'line' ? [entry.text] : []));
  }

  count(kind: 'attempt' | 'mail', text: string): number {
    const fits = (found: string): boolean => (kind === 'mail' ? found.includes(text) : found === text);
    return this.happened.filter((entry) => entry.kind === kind && fits(entry.text)).length;
  }

  /** What scripts wrote. */
  get notes(): readonly string[] {
    return this.#read('notes').split('\n').slice(0, -1);
  }

  /** What came out of the FIFO. keepalived leaves out the end of a line and writes a NUL, or the other way round. */
  get fifo(): readonly string[] {
    return this.#read('fifo-lines')
      .split(/[\n\0]+|(?<=UP|DOWN)(?=VS|RS)/)
      .filter((line) => line !== '');
  }

  #read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  get table(): Table {
    return this.happened.findLast((entry) => entry.kind === 'table')?.table ?? emptyTable;
  }

  /** Of `ipvsadm --set`. */
  get timeouts(): string {
    return this.#watch?.timeouts ?? this.#kernel.timeouts;
  }

  async stop(): Promise<void> {
    this.#add('step', 'stop');
    await this.#daemon?.stop();
    await this.world.quiet();
    this.#watch?.look();
    this.happened.sort((one, other) => one.atMs - other.atMs);
  }

  async close(): Promise<void> {
    this.#watch?.close();
    for (const end of this.#ends) end();
    await this.neighbour.stop();
    await this.servers.close();
    // -I leaves the table; another case must not begin with it.
    if (this.#watch !== undefined && this.table.size > 0) await this.world.run(join(projectRoot(), 'bin', 'ipvsadm'), '-C');
  }
}
