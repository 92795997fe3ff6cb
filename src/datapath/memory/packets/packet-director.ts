// The reference director: the behaviour of the loaded programs, packet in, packet out, on a clock that the caller sets. It is what they are
// compared with (test/datapath/reference), and what `weir sim packets` runs.
import type { Family } from '../../../model/address.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { EtherType, macText } from '../../../wire/ethernet.js';
import type { Arrival } from './arrival.js';
import type { Connection } from './connection.js';
import type { Question } from './decide.js';
import { BUCKET_SHARES } from './defence.js';
import { type Environment, LOOPBACK } from './environment.js';
import { isForNobody, isHandedIn, toFarEnd } from './ethernet.js';
import { rulesOf } from './family.js';
import { dropped, heldReply, type Outcome, passed, unknownReply } from './forward.js';
import { asFirst, asksWhole, fitsFrame, followed, mayWait, noteOf, withWhole } from './fragment-path.js';
import { type FragmentNote, fragmentKey, HELD_MAX_BYTES, HELD_SECONDS, type HeldFragment, NOTE_SECONDS } from './fragments.js';
import { controlOf, holdControl } from './ftp-hold.js';
import { type FragmentPart, type Packet, type Parsed, sourceOf, targetOf } from './packet.js';
import { incoming, leaving, marked } from './packet-path.js';
import { type PacketOptions, PacketTable } from './packet-table.js';
import { parseFrame } from './parse.js';
import type { ServiceRecord } from './records.js';
import { aboutLocal, type Message, messageOf, related, relatedScheduled } from './related.js';
import type { Scope } from './scope.js';
import type { Trace } from './trace.js';
import { aboutTunnelled, tunnelQuoteOf } from './tunnel-error.js';

export interface Frame {
  /** By which it comes, or leaves. */
  readonly device: string;
  readonly bytes: Uint8Array;
  /** Bytes of payload in each segment of a packet that is not cut yet. */
  readonly gsoSize?: number;
  /** The mark that netfilter has given the packet. */
  readonly mark?: number;
}

export class PacketDirector extends PacketTable {
  /** Units of the datapath's clock. */
  now = 0;
  /** Gets why each packet goes where it does. */
  trace: Trace | undefined;
  #share = 0;

  constructor(
    readonly environment: Environment,
    options: PacketOptions = {},
  ) {
    super(options);
  }

  /** What the datapath's timer does, once a second. `share`: of the buckets, that drop_entry looks at; they take turns where absent. */
  sweep(share = this.#share++ % BUCKET_SHARES): void {
    const { defence } = this.settings;
    const dropped = defence.dropsEntries ? share : undefined;
    for (const { connections } of this.scopes) connections.sweep(this.now, dropped);
    defence.update(this.scopes.map(({ connections }) => connections));
    const living = [...this.living()];
    this.holdControls();
    for (const templates of [this.templates, this.templates6]) templates.sweep(living, this.now, dropped);
  }

  /** Control connections of FTP; their flows by FULLNAT live as long. `early`: as holdControl. */
  holdControls(early = 0): void {
    for (const connection of this.living()) {
      const control = controlOf(this, connection, this.now);
      if (control === undefined) continue;
      holdControl(this.settings, control, this.now, early);
      if (this.localPorts.known(control, this.now) !== undefined) this.localPorts.take(control, this.now, () => {});
    }
  }

  /** Its connections, of all scopes. */
  *living(): Generator<Connection> {
    for (const { connections } of this.scopes) yield* connections.all();
  }

  /** A frame that comes in. */
  ingress(frame: Frame): Outcome {
    const isOurs = macText(frame.bytes.subarray(0, 6)) === this.environment.macOf(frame.device);
    if (this.records.isEmpty || !isOurs) return passed({ frame: frame.bytes });
    return this.#comesIn(frame);
  }

  /**
   * A frame that the host's packet filter has let pass, as it comes back by weir's own device: for a station that there is not, its hops lowered once
   * more.
   */
  accepted(frame: Frame): Outcome {
    const isBack = !this.records.isEmpty && isForNobody(frame.bytes) && hopsOf(frame.bytes) < HOPS_MAX;
    return isBack ? this.#comesIn({ ...frame, bytes: raised(frame.bytes.slice()) }, { accepted: true }) : passed({ frame: frame.bytes });
  }

  #comesIn(frame: Frame, back: Pick<Question, 'accepted'> = {}): Outcome {
    const parsed = parse(frame);
    this.#countOdd(parsed);
    return this.#meet(frame, parsed, false, back) ?? passed({ frame: frame.bytes });
  }

  /** A frame that the director itself sends. */
  egress(frame: Frame): Outcome {
    return (this.records.isEmpty ? undefined : this.#meet(frame, parse(frame), true)) ?? passed({ frame: frame.bytes });
  }

  /**
   * A frame with a mark at weir's own device, where a route has led it that came by `device`; forwarding has lowered its hops, so that it has not all of
   * them. What no service takes goes on past the marks, by the other end.
   */
  marked({ device, bytes, gsoSize = 0, mark = 0 }: Frame): Outcome {
    const frame = bytes.slice();
    if (hopsOf(frame) >= HOPS_MAX) {
      this.count('redirect_failed');
      return { verdict: 'drop', frame };
    }
    const { kind, packet } = parseFrame(raised(frame), gsoSize);
    if (kind === 'fragment') return this.#markedFragment({ device, bytes: frame, mark }, packet);
    const scope = kind === 'ok' ? this.scopesOf(packet.family, packet.protocol).find(({ allPorts }) => allPorts) : undefined;
    const outcome =
      kind === 'ok' && scope !== undefined
        ? marked(
            { ...this.#question(scope, device), onPair: true, marked: this.#serviceOfMark(packet.family, mark) },
            { frame, packet, gsoSize },
          )
        : undefined;
    return outcome !== undefined && outcome.verdict !== 'pass' ? outcome : passed({ frame: toFarEnd(outcome?.frame ?? frame) });
  }

  /** A first fragment with a mark is decided as a whole packet is; a later one, and one that no service takes, goes on past the marks. */
  #markedFragment({ device, bytes: frame, mark = 0 }: Frame, packet: Packet): Outcome {
    const far = passed({ frame: toFarEnd(frame) });
    const { part, family, protocol } = packet;
    if (part === undefined || !fitsFrame(packet, frame)) {
      this.count('bad_length');
      return far;
    }
    const scope = this.scopesOf(family, protocol).find(({ allPorts }) => allPorts);
    if (part.passes || staysOnLink(packet) || !part.readable || scope === undefined) return far;
    this.once = undefined;
    this.begins = undefined;
    const question = { ...this.#question(scope, device), onPair: true, marked: this.#serviceOfMark(family, mark) } as const;
    const key = fragmentKey(packet, part.id);
    const outcome = marked(question, withWhole({ frame, packet: asFirst(packet), gsoSize: 0 }, this.#wholeOf(packet, key)));
    if (outcome === undefined) return far;
    this.#leaveNote(key, part, noteOf(question, packet, outcome, false), outcome.frame);
    return outcome.verdict === 'pass' ? passed({ frame: toFarEnd(outcome.frame) }) : outcome;
  }

  /** What the first scope does that the packet concerns. undefined: it concerns none. */
  #meet(
    { device, bytes, gsoSize = 0, mark = 0 }: Frame,
    parsed: Parsed,
    leaves: boolean,
    back: Pick<Question, 'accepted'> = {},
  ): Outcome | undefined {
    const { kind, packet } = parsed;
    if (packet === undefined) return undefined;
    if (kind === 'fragment') return this.#meetFragment({ device, bytes, mark }, packet, leaves, back);
    const [{ family }, arrival] = [packet, { frame: bytes, packet, gsoSize }];
    if (kind === 'ok' && !leaves && staysOnLink(packet)) return undefined;
    if (kind === 'ok') {
      const ofMark = this.#serviceOfMark(family, mark);
      const meetIn = (question: Question): Outcome | undefined =>
        (leaves ? leaving : incoming)({ ...question, ...back, marked: ofMark }, arrival);
      const met = this.#byScope(device, family, packet.protocol, meetIn);
      if (met !== undefined || leaves) return met;
      const question = this.#question(this.exact, device);
      return heldReply(question, arrival) ?? unknownReply(question, arrival);
    }
    const message = isIcmp(parsed) ? messageOf(bytes, packet) : undefined;
    if (message === undefined) return undefined;
    const meetBy = (meet: (question: Question) => Outcome | undefined) => this.#byScope(device, family, message.quoted.protocol, meet);
    const met = meetBy((question) => related(question, message, leaves));
    if (met !== undefined || leaves) return met;
    const behind = this.#meetTunnelError(device, message);
    if (behind !== undefined) return behind;
    const scheduled = meetBy((question) => relatedScheduled(question, message));
    return scheduled ?? aboutLocal(this.#question(this.exact, device), message);
  }

  /** An ICMP error that came in: about a packet of a tunnel? */
  #meetTunnelError(device: string, message: Message): Outcome | undefined {
    const quote = tunnelQuoteOf(message);
    if (quote === undefined) return undefined;
    return this.#byScope(device, 'inet', quote.inner.protocol, (question) => aboutTunnelled(question, message, quote));
  }

  /** A fragment, that comes in or leaves. */
  #meetFragment(frame: Frame, packet: Packet, leaves: boolean, back: Pick<Question, 'accepted'>): Outcome {
    const { bytes, device } = frame;
    const { part } = packet;
    const arrival: Arrival = { frame: bytes, packet, gsoSize: 0 };
    this.once = undefined;
    this.begins = undefined;
    if (part === undefined) return passed(arrival);
    if (!fitsFrame(packet, bytes)) {
      this.count('bad_length');
      return passed(arrival);
    }
    if (part.passes || staysOnLink(packet)) return passed(arrival);
    const question = { ...this.#question(this.scopesOf(packet.family, packet.protocol)[0] ?? this.exact, device), ...back };
    if (part.later) return this.#meetLater(question, arrival, part, leaves);
    return this.#meetFirst(frame, { ...arrival, packet: asFirst(packet) }, fragmentKey(packet, part.id), leaves, back);
  }

  #meetFirst({ device, mark = 0 }: Frame, arrival: Arrival, key: string, leaves: boolean, back: Pick<Question, 'accepted'>): Outcome {
    const { packet, frame } = arrival;
    const { part } = packet;
    if (part === undefined) return passed(arrival);
    if (!part.readable) {
      if (this.#isOfService(packet)) this.count('fragment');
      this.#leaveNote(key, part, { kind: 'pass' }, frame);
      return passed(arrival);
    }
    const marked = this.#serviceOfMark(packet.family, mark);
    for (const scope of this.scopesOf(packet.family, packet.protocol)) {
      const question = { ...this.#question(scope, device), ...back, marked };
      const whole = leaves ? undefined : this.#wholeOf(packet, key);
      if (whole === 0 && asksWhole(question, arrival) && frame.length <= HELD_MAX_BYTES) {
        this.fragments.keepFirst(key, { device, bytes: frame }, this.now, this.#heldUntil);
        return dropped(question, arrival, 'fragment_held');
      }
      const outcome = (leaves ? leaving : incoming)(question, withWhole(arrival, whole));
      if (outcome === undefined) continue;
      this.#leaveNote(key, part, noteOf({ ...question, scope: outcome.scope ?? scope }, packet, outcome, leaves), outcome.frame);
      return outcome;
    }
    this.#leaveNote(key, part, { kind: 'pass' }, frame);
    return passed(arrival);
  }

  /** How long the packet of a first fragment is behind its IP header; 0: it is not known; undefined: it does not matter. */
  #wholeOf({ protocol }: Packet, key: string): number | undefined {
    return protocol === IpProtocol.sctp ? this.fragments.whole(key, this.now) : undefined;
  }

  /** What waited for the first fragment comes in again. The last argument: the first one, as it goes on. */
  #leaveNote(key: string, { span }: FragmentPart, note: FragmentNote, { length }: Uint8Array): void {
    const until = this.now + NOTE_SECONDS * this.settings.unitsPerSecond;
    for (const held of this.fragments.store(key, note, until, length, span)) this.#comesAgain(held);
  }

  /** If the director hands the frame to its own stack, the frame comes in once more, by lo. */
  #comesAgain(held: HeldFragment): void {
    const { verdict, frame } = this.ingress(held);
    if (verdict === 'redirect' && isHandedIn(frame)) this.ingress({ device: LOOPBACK, bytes: frame });
  }

  #meetLater(question: Question, arrival: Arrival, part: FragmentPart, leaves: boolean): Outcome {
    const { now, fragments } = this;
    const { frame, packet } = arrival;
    const key = fragmentKey(packet, part.id);
    // By lo it comes in again; the stack sends each packet's first one before the others.
    const note = leaves ? fragments.note(key, now) : fragments.noteFor(key, now, part.span);
    if (note?.kind === 'pass') return passed(arrival);
    if (note?.kind === 'drop') return dropped(question, arrival, 'fragment_dropped');
    const isMet = !leaves || (note?.kind === 'reply' && note.client === undefined); // no reply by FULLNAT is the director's own
    if (note !== undefined && isMet) return followed(question, arrival, note, leaves);
    if (leaves || !mayWait(question, packet)) return passed(arrival); // what the director sends is balanced on lo
    if (frame.length > HELD_MAX_BYTES) {
      this.count('fragment');
      return passed(arrival);
    }
    const first = fragments.hold(key, { device: question.device, bytes: frame }, now, this.#heldUntil, part.whole);
    if (first !== undefined) this.#comesAgain(first);
    return dropped(question, arrival, 'fragment_held');
  }

  get #heldUntil(): number {
    return this.now + HELD_SECONDS * this.settings.unitsPerSecond;
  }

  #byScope(device: string, family: Family, protocol: number, meet: (question: Question) => Outcome | undefined): Outcome | undefined {
    for (const scope of this.scopesOf(family, protocol)) {
      const outcome = meet(this.#question(scope, device));
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  }

  #question(scope: Scope, device: string): Question {
    const { environment, now, trace } = this;
    return { table: this, scope, environment, now, device, wire: device !== LOOPBACK, trace };
  }

  #serviceOfMark(family: Family, mark: number): ServiceRecord | undefined {
    const found = this.markedService(family, mark);
    return found?.live ? found : undefined;
  }

  /** A packet that is not balanced because of its form. */
  #countOdd({ kind, packet }: Parsed): void {
    if (kind === 'bad') this.count(packet === undefined ? 'short' : 'bad_length');
    if (kind === 'bad sum') this.count('bad_checksum');
  }

  /** Of a first fragment: does it concern an exact service? */
  #isOfService(packet: Packet): boolean {
    if (packet.destinationPort === 0) return false;
    const { family, protocol } = packet;
    const [exact] = this.scopesOf(family, protocol);
    if (exact === undefined) return false;
    const asked = { client: sourceOf(packet), now: this.now };
    return exact.service(targetOf(packet), protocol, asked) !== undefined || exact.answers(sourceOf(packet), protocol);
  }
}

/** In a frame. */
const TYPE_AT = 12;

const parse = ({ bytes, gsoSize = 0 }: Frame): Parsed => parseFrame(bytes, gsoSize);

const ICMP: Readonly<Record<Family, number>> = { inet: IpProtocol.icmp, inet6: IpProtocol.icmpv6 };

const isIcmp = ({ kind, packet }: Parsed): boolean =>
  kind === 'other' && packet !== undefined && packet.protocol === ICMP[packet.family] && !packet.fragment;

const HOPS_MAX = 255;
const HOPS_AT: Readonly<Record<Family, number>> = { inet: 22, inet6: 21 };

const familyIn = (frame: Uint8Array): Family => (viewOf(frame).getUint16(TYPE_AT) === EtherType.ipv6 ? 'inet6' : 'inet');
const hopsOf = (frame: Uint8Array): number => frame[HOPS_AT[familyIn(frame)]] ?? HOPS_MAX;

/** With the hops that it came with. */
function raised(frame: Uint8Array): Uint8Array {
  rulesOf({ family: familyIn(frame) }).changeHops(frame, 1);
  return frame;
}

/** Has the packet an address that means nothing beyond its link? */
const staysOnLink = (packet: Packet): boolean => [packet.source, packet.destination].some(rulesOf(packet).isLinkLocal);
