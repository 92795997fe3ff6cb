// The loaded programs and the reference director side by side: each change and each frame goes to both, and everything that can be seen of
// them afterwards must be the same. Time passes for the programs by making their connections older.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { applyChange } from '../../../src/datapath/apply-change.js';
import { Abi, Conf, Housekeeping } from '../../../src/datapath/ebpf/abi.gen.js';
import { Template6 } from '../../../src/datapath/ebpf/abi6.gen.js';
import { clockNow } from '../../../src/datapath/ebpf/table/clock.js';
import { hashKeysOf } from '../../../src/datapath/ebpf/table/endpoint-table.js';
import { markForFirewall } from '../../../src/datapath/ebpf/table/firewall.js';
import { GRACE_MAX_SECONDS, setGrace } from '../../../src/datapath/ebpf/table/grace.js';
import { connectionHome, templateHome } from '../../../src/datapath/ebpf/table/key-hash.js';
import { IPV6_PINS } from '../../../src/datapath/ebpf/table/tables.js';
import type { HomeOf } from '../../../src/datapath/memory/packets/connection-table.js';
import { BUCKET_SHARES } from '../../../src/datapath/memory/packets/defence.js';
import { PacketDirector } from '../../../src/datapath/memory/packets/packet-director.js';
import type { Template } from '../../../src/datapath/memory/packets/template.js';
import type { TemplateHash } from '../../../src/datapath/memory/packets/template-table.js';
import type { Change } from '../../../src/model/change.js';
import type { Timeouts } from '../../../src/model/service.js';
import type { Bed } from '../bed.js';
import type { Explainer } from '../explained.js';
import { type DeviceName, FAR_END } from '../fixtures/bed-addresses.js';
import type { Hook } from '../fixtures/fixture.js';
import { attempt } from './attempt.js';
import { BedEnvironment } from './bed-environment.js';
import { compareDestinations, hasBegun, held } from './compare-destinations.js';
import { ConnectionView, type Layout } from './connection-view.js';
import { FollowedChoice } from './followed-choice.js';
import { FollowedPorts, flowLabels } from './followed-ports.js';
import { FragmentView } from './fragment-view.js';
import { followHolds } from './held-controls.js';
import { connectionLabels, templateLabels } from './met-labels.js';
import { SIDE_BUILDS } from './side-builds.js';
import { TemplateView } from './template-view.js';
import { TIMER_PIN, timerField } from './timer-record.js';
import { labelsOf } from './traffic.js';

/** The programs' clock goes on meanwhile. */
const CLOCK_SLACK_UNITS = 30;
/** A frame that took longer may have met another rule: what is recent depends on the clock. */
const DISTURBED_UNITS = 4;
/** The rules of eviction know half a second: a frame that was explained longer ago may meet another one. */
const EXPLAINED_SECONDS_MAX = 0.4;
/**
 * On a busy machine the kernel counts its jiffies late, by five of them at most (MAX_STALLED_JIFFIES): what the programs wrote is never later than
 * their own clock.
 */
const JIFFIES_LATE_UNITS = 2;
/** Turns of drop_entry are only followed. */
const NO_SHARE = BUCKET_SHARES;
const byNumber = (one: number, other: number): number => one - other;
/** The clock of the datapath is the kernel's jiffies without the lowest bits. */
const UNIT_JIFFIES = 1 << Abi.CLOCK_SHIFT;
const SWEEP_WAIT_MS = 20;
/** The timer needs a tick for connections, three for templates, and a second for the defences. */
const SWEEP_WAITS_MAX = 250;
/** The programs' clock goes on while they are compared: nothing may end in this time. */
const NEAR_SECONDS = 2;

/** Where the reference director meets a frame. */
const IN_MEMORY = { ingress: 'ingress', xdp: 'ingress', egress: 'egress', mark: 'marked', accepted: 'accepted' } as const;

/**
 * What a frame carries beside its bytes. `mark`: of a packet that is led to weir's own device, or on lo. `segmentBytes`: see Form. `accepted`: it comes
 * back by that device, since the host's packet filter has let it pass.
 */
export interface Beside {
  readonly mark?: number;
  readonly segmentBytes?: number;
  readonly accepted?: boolean;
}

export class Pair {
  readonly director: PacketDirector;
  readonly #environment = new BedEnvironment();
  /** The programs were held up by other processes, so that their clock may have passed a limit: the rest of the history proves nothing. */
  disturbed = false;
  readonly #choice = new FollowedChoice((id) => hasBegun(this.director, this.bed.tables, id));
  /**
   * What the last frame was counted as. Each CPU counts for drop_packet, and each build its ICMP errors, so there the reference director takes
   * the programs' choice.
   */
  #counted: ReadonlySet<string> = new Set();
  readonly #met = new Set<string>();
  #passesFirewall = false;
  #sent = 0;
  readonly #connections = new Map<Layout, ConnectionView>();
  readonly #templates: readonly TemplateView[];
  readonly #flows: FollowedPorts;
  readonly #fragments: FragmentView;

  constructor(
    readonly bed: Bed,
    readonly hook: Hook = 'ingress',
    /** One frame in so many is explained before it is played, and must go so. */
    readonly explained?: { readonly explainer: Explainer; readonly oneIn: number },
  ) {
    bed.wipe();
    const { conf } = bed.tables;
    const keys = hashKeysOf(bed.tables);
    const homeOf: HomeOf = (client) => connectionHome(client, keys);
    const templateHash: TemplateHash = (network, { id }, call) => templateHome(network, id, call, keys);
    const templates6 = bed.sideTable(IPV6_PINS.templates);
    this.#flows = new FollowedPorts(bed.tables, Math.floor(conf.get(0, Conf.hz) / UNIT_JIFFIES), () =>
      this.#counted.has('local_port_replaced'),
    );
    const options = {
      buckets: conf.get(0, Conf.connBuckets),
      templates: conf.get(0, Conf.templates),
      ...(templates6 === undefined ? {} : { templates6: templates6.byteLength / Template6.bytes }),
      hz: conf.get(0, Conf.hz),
      homeOf,
      templateHash,
      schedulers: this.#choice.schedulers,
      dropsNext: () => this.#counted.has('drop_packet'),
      localPorts: this.#flows,
    };
    this.#environment.icmpAllowed = () => !this.#counted.has('icmp_limited');
    this.director = new PacketDirector(this.#environment, options);
    this.#fragments = new FragmentView(bed.fragments, this.director.fragments);
    this.#view('exact', bed.slots().memory);
    this.#viewSideTables();
    this.#templates = [
      new TemplateView(bed.templates().memory, false, this.director.templates, bed.tables),
      ...(templates6 === undefined ? [] : [new TemplateView(templates6, true, this.director.templates6, bed.tables)]),
    ];
  }

  change(change: Change): void {
    if (this.disturbed) return;
    const loaded = attempt(() => applyChange(this.bed.director, change));
    this.#flows.adopt();
    this.#followTimer();
    const inMemory = attempt(() => applyChange(this.director, change));
    assert.equal(inMemory, loaded, `${change.kind}: refused in memory, by the driver`);
    this.passFirewall(this.#passesFirewall);
    this.#viewSideTables();
    // The timer may have ended connections already whose destination is gone: pass() compares what is left.
    if (!this.director.settings.expireNodestConn) compareDestinations(this.director, this.bed.tables);
  }

  /** Those of the other builds are made with the first service of each. */
  #viewSideTables(): void {
    for (const layout of Object.keys(SIDE_BUILDS) as (keyof typeof SIDE_BUILDS)[]) {
      const table = this.#connections.has(layout) ? undefined : this.bed.sideTable(SIDE_BUILDS[layout].conns);
      if (table !== undefined) this.#view(layout, table);
    }
  }

  #view(layout: Layout, table: ArrayBuffer): void {
    const { connections } = this.director[layout];
    connections.spared = this.#spared(layout);
    const view = new ConnectionView(table, layout, connections);
    connections.endsEarly = ({ slot }) => view.isReplaced(slot);
    this.#connections.set(layout, view);
  }

  #spared(layout: Layout): number {
    return timerField(this.bed, Housekeeping.spared, layout === 'exact' ? TIMER_PIN : SIDE_BUILDS[layout].housekeeping);
  }

  flush(): void {
    this.bed.director.flush();
    this.director.flush();
  }

  setTimeouts(timeouts: Timeouts): void {
    this.bed.director.setTimeouts(timeouts);
    this.director.setTimeouts(timeouts);
  }

  setSysctl(name: string, value: string): void {
    this.bed.director.setSysctl(name, value);
    this.director.setSysctl(name, value);
  }

  /** Whether new connections of the services that there are pass the host's packet filter first. */
  passFirewall(passes: boolean): void {
    this.#passesFirewall = passes;
    markForFirewall(this.bed.tables, passes);
    for (const service of this.director.records.services()) service.firewall = passes && service.live && service.mark === 0;
  }

  beginGrace(seconds: number): void {
    this.director.settings.graceUntil = this.director.now + this.director.settings.unitsOf(seconds);
  }

  filterReversePath(device: DeviceName, value: 0 | 1 | 2): void {
    this.bed.settings.filterReversePath(device, value);
    this.#environment.filterReversePath(device, value);
  }

  send(leaves: boolean, device: DeviceName, frame: Uint8Array, { mark = 0, segmentBytes = 0, accepted = false }: Beside = {}): void {
    if (this.disturbed) return;
    const led = mark !== 0 && !leaves && device !== 'lo' && !accepted;
    const isWhole = segmentBytes === 0; // XDP meets no packets that are not cut yet
    const hook = accepted ? 'accepted' : leaves ? 'egress' : led ? 'mark' : device !== 'lo' && isWhole ? this.hook : 'ingress';
    const gso = isWhole ? {} : { gsoSize: segmentBytes, gsoSegments: Math.ceil(frame.length / segmentBytes) };
    const arrival = { device, bytes: frame, mark, gsoSize: segmentBytes };
    const since = this.#setClock();
    this.#sent++;
    // Beside a first fragment, what waited for it is counted, and that is not explained.
    const isAlone = !this.#fragments.isAwaited(frame);
    const isExplained = this.explained !== undefined && this.#sent % this.explained.oneIn === 0 && isAlone;
    const explained = isExplained ? held(this.director, this.bed.tables) : undefined;
    const holdExplained = isExplained ? this.explained.explainer.explain(hook, arrival) : undefined;
    const began = this.#setClock();
    const before = this.bed.drops();
    const isTimely = began - since <= this.director.settings.unitsOf(EXPLAINED_SECONDS_MAX);
    const isSame = isExplained && isTimely && isDeepStrictEqual(held(this.director, this.bed.tables), explained); // else the timer took some away meanwhile
    const loaded = this.bed.send(hook, device, frame, { ...(mark === 0 ? {} : { mark }), ...gso });
    const offset = this.#offset();
    if (offset + this.director.now - began > DISTURBED_UNITS) {
      this.disturbed = true;
      return;
    }
    this.#choice.follow(loaded.frame);
    const counted = Object.entries(this.bed.drops()).filter(([reason, count]) => count > (before[reason] ?? 0));
    this.#counted = new Set(counted.map(([reason]) => reason));
    for (const [reason] of counted) for (const label of labelsOf(frame)) this.#met.add(`${reason} of ${label}`);
    this.#followTimer(); // it came before the packet changed a connection
    const inMemory = this.director[IN_MEMORY[hook]](accepted ? { ...arrival, device: FAR_END } : arrival);
    this.#met.add(loaded.verdict);
    if (isSame) holdExplained?.(loaded, [...this.#counted]);
    const what = `of ${Buffer.from(frame).toString('hex')} by ${device}`;
    assert.equal(inMemory.verdict, loaded.verdict, `verdict in memory, of the programs, ${what}`);
    if (loaded.verdict !== 'drop') {
      const bytes = [inMemory.frame, loaded.frame].map((each) => Buffer.from(each).toString('hex'));
      assert.equal(bytes[0], bytes[1], `frame in memory, of the programs, ${what}`);
    }
    this.#compareDrops(what);
    this.#compareTables(what, offset);
    compareDestinations(this.director, this.bed.tables);
  }

  /** Seconds pass, and the timer removes what expired or, after a change, has no destination. */
  async pass(seconds: number): Promise<void> {
    if (this.disturbed) return;
    this.#followTimer();
    this.director.now += this.director.settings.unitsOf(seconds);
    while (this.#endsSoon()) this.director.now += this.director.settings.unitsOf(NEAR_SECONDS);
    const began = this.#setClock();
    this.director.sweep(NO_SHARE);
    this.#flows.sweep(this.director.now);
    let since = this.#setClock('timer at work');
    for (let waits = 0; !this.#isSwept(); waits++) {
      assert.ok(waits < SWEEP_WAITS_MAX, 'the timer has not removed what expired');
      this.#flows.hastenTimer();
      await setTimeout(SWEEP_WAIT_MS);
      if (this.#isHeldUp(since)) return;
      since = this.#setClock('timer at work');
    }
    if (this.#isHeldUp(since)) return;
    this.#compareTables(`after ${seconds} s`, this.#offset(), this.#clock() - began);
    compareDestinations(this.director, this.bed.tables);
  }

  /**
   * What a turn of drop_entry has ended in a table, which looks at a share of the buckets chosen at random: the same share is looked at in
   * memory. False: there was no turn since the last look, or none that met anything.
   */
  followDropEntry(layout: Layout = 'exact'): boolean {
    const offset = this.#setClock() - this.director.now;
    const { connections } = this.director[layout];
    const [there, spared] = this.#afterTurns(() => [this.#slotsTaken(layout), this.#spared(layout)] as const);
    const ended = [...connections.entries()].map(([slot]) => slot).filter((slot) => !there.has(slot));
    if (ended.length === 0 && spared === connections.spared) return false;
    const isShare = (share: number): boolean => {
      const chosen = connections.endedBy(share, this.director.now);
      return chosen.spared === spared && isDeepStrictEqual([...chosen.slots].sort(byNumber), ended);
    };
    const share = Array.from({ length: BUCKET_SHARES }, (_, each) => each).find(isShare);
    assert.ok(share !== undefined, `drop_entry ended slots ${ended.join(' ')}, ${spared} spared: no share of the buckets`);
    connections.sweep(this.director.now, share);
    this.#compareDrops('after a turn of drop_entry');
    this.#compareTables('after a turn of drop_entry', offset);
    compareDestinations(this.director, this.bed.tables);
    return true;
  }

  get #views(): readonly ConnectionView[] {
    return [...this.#connections.values()];
  }

  #slotsTaken(layout: Layout): ReadonlySet<number> {
    return new Set(
      this.#connections
        .get(layout)
        ?.taken()
        .map(({ slot }) => slot),
    );
  }

  /** What is the same twice: no timer of any build was at work meanwhile. */
  #afterTurns<T>(read: () => T): T {
    for (;;) {
      const found = read();
      if (isDeepStrictEqual(found, read())) return found;
    }
  }

  /** Verdicts, states of connections and drop reasons; of those of IPv6 and of SCTP, `… of IPv6`, too. */
  met(): Iterable<string> {
    return [...this.#met, ...this.director.drops().keys()];
  }

  #clock(): number {
    return clockNow(this.bed.tables.conf);
  }

  /** From memory's clock to the programs'. */
  #offset(): number {
    return this.#clock() - this.director.now;
  }

  /** Gives each entry of the programs the time that it has left in memory. Returns their clock. */
  #setClock(timer: 'timer at rest' | 'timer at work' = 'timer at rest'): number {
    const now = this.#clock();
    const offset = now - this.director.now - JIFFIES_LATE_UNITS;
    this.director.holdControls(this.director.settings.unitsOf(NEAR_SECONDS));
    for (const view of this.#views) view.setClock(offset);
    for (const view of this.#templates) view.setClock(offset, timer === 'timer at work' ? view.expired(now) : new Set());
    this.#flows.setClock(offset);
    this.#fragments.setClock(offset);
    setGrace(this.bed.tables.conf, this.director.now < this.director.settings.graceUntil ? GRACE_MAX_SECONDS : 0);
    this.#followTimer();
    return now;
  }

  /** What ends soon may have ended in the programs since they were given the time that is left. */
  #isHeldUp(since: number): boolean {
    this.disturbed = this.#clock() - since > this.director.settings.unitsOf(NEAR_SECONDS);
    return this.disturbed;
  }

  #followTimer(): void {
    for (const view of this.#templates) view.follow([...this.director.living()]);
  }

  #endsSoon(): boolean {
    const { now, settings } = this.director;
    const isSoon = ({ expires }: { readonly expires: number }): boolean =>
      expires >= now && expires <= now + settings.unitsOf(NEAR_SECONDS);
    return (
      [...this.director.living(), ...this.#templatesInMemory].some(isSoon) ||
      this.#flows.endsWithin(now, settings.unitsOf(NEAR_SECONDS)) ||
      this.#fragments.endsWithin(now, DISTURBED_UNITS + JIFFIES_LATE_UNITS)
    );
  }

  get #templatesInMemory(): readonly Template[] {
    const { templates, templates6 } = this.director;
    return [...templates.entries(), ...templates6.entries()].map(([, each]) => each);
  }

  /** The timer has seen the settings of the defences, and how full the table is. */
  #isDefended(): boolean {
    const { conf } = this.bed.tables;
    const { dropPacket, dropRate, secureTcp } = this.director.settings.defence;
    const loaded = [Conf.dropPacket, Conf.dropRate, Conf.secureTcp].map((field) => conf.get(0, field));
    return [dropPacket, dropRate, secureTcp].every((value, index) => value === loaded[index]);
  }

  #isSwept(): boolean {
    return (
      this.#isDefended() &&
      this.#flows.isSwept() &&
      this.#views.every((view) => view.isSwept()) &&
      this.#templates.every((view) => view.isSettled(this.#clock()))
    );
  }

  #compareDrops(what: string): void {
    assert.deepEqual(
      Object.fromEntries([...this.director.drops()].sort()),
      Object.fromEntries(Object.entries(this.bed.drops()).sort()),
      what,
    );
  }

  /** `offset`: when the programs had done their part, since this process may wait for the processor after it. `waited`: units since both had the same time. */
  #compareTables(what: string, offset: number, waited = 0): void {
    const slack = CLOCK_SLACK_UNITS + waited;
    followHolds(this.director, { views: this.#views, flows: this.#flows, offset, slack });
    for (const view of this.#views) view.compare(what, offset, slack);
    for (const view of this.#templates) view.compare([...this.director.living()], what, offset, slack);
    this.#flows.compare(what, offset, slack);
    this.#fragments.compare(what, this.director.now, offset, slack);
    const labels = [
      ...[...this.director.living()].flatMap(connectionLabels),
      ...this.#templatesInMemory.flatMap(templateLabels),
      ...this.#flows.flows.flatMap(flowLabels),
      ...this.#fragments.labels(this.director.now),
    ];
    for (const label of labels) this.#met.add(label);
  }
}
