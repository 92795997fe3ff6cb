// The settings that packets meet: timeouts and the sysctls of the datapath, in units of the datapath's clock.
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Timeouts } from '../../../model/service.js';
import { sctpTimeout } from '../../sctp-state.js';
import type { SysctlName } from '../../sysctls.js';
import { TCP_TIMEOUTS, type TcpState } from '../../tcp-state.js';
import { Defence } from './defence.js';
import { type ConnectionState, isSctpState, isTcpState } from './state.js';

const JIFFIES_PER_UNIT = 4;
const UDP_SECONDS = 300;

/** `hz`: of the kernel; one unit of the clock is four jiffies. */
export class Settings {
  readonly #timeouts: Record<TcpState, number>;
  #udp: number;
  readonly unitsPerSecond: number;
  connReuseMode = 1;
  expireNodestConn = false;
  readonly defence = new Defence();
  sloppyTcp = false;
  sloppySctp = false;
  expireQuiescentTemplate = false;
  natIcmpSend = false;
  scheduleIcmp = false;
  cacheBypass = false;
  pmtuDisc = true;
  /** s */
  lblcrExpiration = 86_400;
  /** The grace period after a takeover ends then, in units of the clock; 0: there was none. */
  graceUntil = 0;

  constructor(readonly hz: number) {
    this.unitsPerSecond = Math.floor(hz / JIFFIES_PER_UNIT);
    const rows = Object.entries(TCP_TIMEOUTS).map(([state, seconds]) => [state, this.unitsOf(seconds)] as const);
    this.#timeouts = Object.fromEntries(rows) as Record<TcpState, number>;
    this.#udp = this.unitsOf(UDP_SECONDS);
  }

  unitsOf(seconds: number): number {
    return Math.round((seconds * this.hz) / JIFFIES_PER_UNIT);
  }

  /** Rounded down, as the time of a template is, and of SCTP's states. */
  wholeUnitsOf(seconds: number): number {
    return Math.floor((seconds * this.hz) / JIFFIES_PER_UNIT);
  }

  /** `protocol`: of the connection, since SCTP's ESTABLISHED has a time of its own. */
  timeoutOf(state: ConnectionState, protocol: number): number {
    if (protocol === IpProtocol.sctp && isSctpState(state)) return this.wholeUnitsOf(sctpTimeout(state));
    return isTcpState(state) ? this.#timeouts[state] : this.#udp;
  }

  /** Seconds; 0 leaves one as it is. */
  setTimeouts({ tcp, tcpFin, udp }: Timeouts): void {
    if (tcp !== 0) this.#timeouts.ESTABLISHED = this.unitsOf(tcp);
    if (tcpFin !== 0) this.#timeouts.FIN_WAIT = this.unitsOf(tcpFin);
    if (udp !== 0) this.#udp = this.unitsOf(udp);
  }

  /** The timeouts of a loaded datapath, which are no whole seconds. */
  setUnits(tcp: Readonly<Partial<Record<TcpState, number>>>, udp: number): void {
    Object.assign(this.#timeouts, tcp);
    this.#udp = udp;
  }

  /** Sets a key of net.ipv4.vs; one that packets do not meet changes nothing. */
  setSysctl(name: SysctlName, value: number): void {
    if (name === 'conn_reuse_mode') this.connReuseMode = value;
    else if (name === 'expire_nodest_conn') this.expireNodestConn = value !== 0;
    else if (name === 'secure_tcp') this.defence.secureTcp = value;
    else if (name === 'drop_entry') this.defence.dropEntry = value;
    else if (name === 'drop_packet') this.defence.dropPacket = value;
    else if (name === 'am_droprate') this.defence.amDroprate = value;
    else if (name === 'amemthresh') this.defence.amemthresh = value;
    else if (name === 'sloppy_tcp') this.sloppyTcp = value !== 0;
    else if (name === 'sloppy_sctp') this.sloppySctp = value !== 0;
    else if (name === 'expire_quiescent_template') this.expireQuiescentTemplate = value !== 0;
    else if (name === 'lblcr_expiration') this.lblcrExpiration = value;
    else if (name === 'nat_icmp_send') this.natIcmpSend = value !== 0;
    else if (name === 'schedule_icmp') this.scheduleIcmp = value !== 0;
    else if (name === 'cache_bypass') this.cacheBypass = value !== 0;
    else if (name === 'pmtu_disc') this.pmtuDisc = value !== 0;
  }
}
