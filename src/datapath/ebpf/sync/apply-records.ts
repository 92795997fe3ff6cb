// Makes the records by which connections and templates of another director go into the tables.
import type { Rivalry } from '../../../model/foreign-connection.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import { Abi, Conf, Dest, Method, TcpState } from '../abi.gen.js';
import { ApplyFlags } from '../apply.gen.js';
import { unitsOf } from '../table/clock.js';
import { NO_OUTPUT, PROVEN } from '../table/living-slots.js';
import type { Tables } from '../table/tables.js';
import { ApplyFields } from './apply-page.js';
import type { ApplyMargins } from './apply-pages.js';
import { StateTimes } from './state-time.js';

/** No timer of IPVS is longer: 31 days. */
const SECONDS_MAX = 2678400;
/** A template's, where the other director does not know (the kernel's IP_VS_CONN_TIMEOUT). */
const TEMPLATE_SECONDS = 180;

/** Whole seconds travel. */
const SHORTER_SECONDS = 2;

/** Where what is here is known to have come from the other director, or both claim to know better. */
const CLOSE_SECONDS = 0.4;
/** Last packets closer than this cannot be distinguished: clocks of directors are compared by messages, and tables count in hundredths. */
export const MARGIN_SECONDS = 0.1;

const UNRIVALLED: Rivalry = { wins: false, fresh: Number.POSITIVE_INFINITY };

/** Numbers of records. */
interface Target {
  readonly service: number;
  readonly dest: number;
}

/** Whether an answer was seen, and whether it is proven (evict.h); undefined: as the method has it, and not proven. */
type Seen = { readonly answered: boolean; readonly proven: boolean } | undefined;

/** `idle`: seconds since its last packet, where both directors may have some; undefined: what comes counts. */
interface ApplyTimes {
  readonly seconds: number;
  readonly idle: number | undefined;
  readonly ended: boolean;
  /** Of `idle`: that it was on its way. */
  readonly delay?: number;
}

export class ApplyRecords {
  /** One for all. Of a connection its addresses, ports and protocol are filled by the caller, of a template its client. */
  readonly fields = new ApplyFields();
  readonly #times = new StateTimes();
  #hz = 0;
  #rivalry = UNRIVALLED;
  /** Clock units. */
  #fresh = 0;

  constructor(readonly tables: Tables) {}

  /** The times of the tables, for the records of one moment. */
  begin(rivalry: Rivalry = UNRIVALLED): ApplyMargins {
    this.#times.read(this.tables);
    this.#hz = this.tables.conf.get(0, Conf.hz);
    this.#rivalry = rivalry;
    this.#fresh = this.#units(rivalry.fresh);
    return { usual: this.#units(MARGIN_SECONDS), close: this.#units(CLOSE_SECONDS) };
  }

  #units(seconds: number): number {
    return unitsOf(Math.min(seconds, SECONDS_MAX), this.#hz);
  }

  /** `state`: of its protocol. */
  connection(target: Target, state: number, seen: Seen, late: boolean, times: ApplyTimes): void {
    const { fields } = this;
    this.#rest(target, (late ? ApplyFlags.APPLY_LATE : 0) | (seen === undefined ? 0 : ApplyFlags.APPLY_BITS), times);
    fields.state = this.#stateWord(target.dest, state, seen);
    const most = this.#times.of(fields.protocol, state);
    const left = times.seconds === 0 ? most : this.#units(times.seconds);
    // When the last packet of what is here was, the program knows from its time and its state's: so its time must be as exact. That in whole seconds is less
    // than that only where the other director's times are shorter.
    fields.left = times.idle === undefined ? left : Math.max(0, Math.min(left + this.#units(1), most - fields.idle));
    fields.isShorter = times.idle !== undefined && left > most - fields.idle + this.#units((times.delay ?? 0) + SHORTER_SECONDS);
  }

  /** The upper half of its value: as the kernel's, with this director's own method. */
  #stateWord(dest: number, state: number, seen: Seen): number {
    const { protocol } = this.fields;
    const method = this.tables.dests.get(dest, Dest.method);
    const number = protocol === IpProtocol.tcp || protocol === IpProtocol.sctp ? state : TcpState.S_UDP;
    const isAnswered = seen === undefined ? method === Method.M_MASQ : seen.answered;
    const bits = (isAnswered ? 0 : NO_OUTPUT) | (seen?.proven === true ? PROVEN : 0);
    return (method << (Abi.V_METHOD_SHIFT - 32)) | (number << (Abi.V_STATE_SHIFT - 32)) | bits;
  }

  /** `timeout`: seconds after each use; 0: it is not known. `call`: the Call-ID, of one of a call. */
  template(target: Target, assured: boolean, timeout: number, times: ApplyTimes, call?: Uint8Array): void {
    const { fields } = this;
    const kind = ApplyFlags.APPLY_TEMPLATE | (call === undefined ? 0 : ApplyFlags.APPLY_CALL);
    this.#rest(target, kind | (assured ? ApplyFlags.APPLY_ASSURED : 0), times);
    if (call !== undefined) fields.call = call;
    fields.state = this.#units(timeout === 0 ? TEMPLATE_SECONDS : timeout);
    fields.left = this.#units(times.seconds === 0 ? TEMPLATE_SECONDS : times.seconds);
  }

  #rest({ service, dest }: Target, flags: number, { ended, idle }: ApplyTimes): void {
    const { fields } = this;
    const isRival = idle !== undefined;
    const rival = isRival ? ApplyFlags.APPLY_RIVAL | (this.#rivalry.wins ? ApplyFlags.APPLY_WINS : 0) : 0;
    fields.isOwn = fields.isShorter = false;
    fields.service = service;
    fields.dest = dest;
    fields.flags = flags | rival | (ended ? ApplyFlags.APPLY_END : 0);
    fields.idle = isRival ? this.#units(idle) : 0;
    fields.fresh = this.#fresh;
  }
}
