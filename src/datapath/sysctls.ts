// The keys of net.ipv4.vs: what the kernel takes for each, with which it begins, and how a value is written. A value is 32-bit words.

const INT_MIN = -0x8000_0000;
const INT_MAX = 0x7fff_ffff;

/** What a value depends on. */
export interface SysctlHost {
  /** The kernel's jiffies a second: it keeps seconds as jiffies in 32 bits. */
  readonly hz: number;
  readonly cpus: number;
}

type Words = readonly number[];

interface Form {
  /** undefined: the kernel refuses the text. `now`: the value before. */
  readonly parse: (text: string, now: Words, host: SysctlHost) => Words | undefined;
  readonly text: (words: Words, host: SysctlHost) => string;
  readonly range?: (host: SysctlHost) => { readonly min: number; readonly max: number };
}

/** In C's notation: 0x10, 020 and 16 are the same. */
function numberOf(digits: string): number {
  return /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
}

/** The first word, as the kernel's proc_dointvec reads it; where `max` is above INT_MAX, as its proc_doulongvec_minmax does, without a sign. */
function readNumber(text: string, min: number, max: number): number | undefined {
  const [, sign, digits = ''] = /^\s*(-?)(0x[\da-f]+|0[0-7]*|[1-9]\d*)(?=\s|$)/i.exec(text) ?? [];
  const number = digits === '' ? Number.NaN : numberOf(digits) * (sign === '-' ? -1 : 1);
  return number >= min && number <= max && !(sign === '-' && max > INT_MAX) ? number + 0 : undefined; // -0 becomes 0
}

function numbers(range: NonNullable<Form['range']>): Form {
  return {
    parse: (text, _, host) => {
      const { min, max } = range(host);
      const number = readNumber(text, min, max);
      return number === undefined ? undefined : [number];
    },
    text: ([word = 0], host) => String(range(host).min < 0 ? word | 0 : word >>> 0),
    range,
  };
}

const upTo = (max: number): Form => numbers(() => ({ min: 0, max }));
const integer = numbers(() => ({ min: INT_MIN, max: INT_MAX }));
const seconds = numbers(({ hz }) => {
  const max = Math.floor(INT_MAX / hz);
  return { min: -max, max };
});

const powerOfTwo: Form = {
  parse: (text) => {
    const number = readNumber(text, 1, INT_MAX);
    return number === undefined || !Number.isInteger(Math.log2(number)) ? undefined : [number];
  },
  text: ([word = 0]) => String(word),
};

/** sync_threshold: the threshold alone keeps the period. */
const thresholdAndPeriod: Form = {
  parse: (text, [, before = 0]) => {
    const words = text.trim().split(/\s+/);
    const [threshold, period = before] = words.map((word) => readNumber(word, 0, INT_MAX) ?? Number.NaN);
    if (threshold === undefined || Number.isNaN(threshold + period)) return undefined;
    return period === 0 || threshold < period ? [threshold, period] : undefined;
  },
  text: (words) => words.join('\t'),
};

const CPU_WORDS = 8;

function cpusOf(words: Words): readonly number[] {
  return words.flatMap((word, index) =>
    Array.from({ length: 32 }, (_, bit) => index * 32 + bit).filter((cpu) => (word >>> (cpu % 32)) & 1),
  );
}

/** `0-3,5`; no CPU at all stands for all. */
const cpuList: Form = {
  parse: (text, _, { cpus }) => {
    const words = new Array<number>(CPU_WORDS).fill(0);
    for (const part of text.trim().split(',')) {
      const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
      const [first, last] = [Number(from), Number(to)];
      if (from === '' || first > last || last >= Math.min(cpus, CPU_WORDS * 32)) return undefined;
      for (let cpu = first; cpu <= last; cpu++) words[cpu >> 5] = (words[cpu >> 5] ?? 0) | (1 << (cpu & 31));
    }
    return words;
  },
  text: (words, { cpus }) => {
    const chosen = cpusOf(words);
    const shown = chosen.length === 0 ? Array.from({ length: cpus }, (_, cpu) => cpu) : chosen;
    const starts = shown.filter((cpu) => !shown.includes(cpu - 1));
    const ends = shown.filter((cpu) => !shown.includes(cpu + 1));
    return starts.map((start, index) => (start === ends[index] ? String(start) : `${start}-${ends[index]}`)).join(',');
  },
};

export interface Sysctl {
  readonly form: Form;
  readonly initial: Words;
  /** Why no value but the first one makes a difference here; absent: it does what it does in the kernel. */
  readonly noEffect?: string;
}

const row = (form: Form, initial: number | Words = 0, noEffect?: string): Sysctl => ({
  form,
  initial: typeof initial === 'number' ? [initial] : initial,
  ...(noEffect === undefined ? {} : { noEffect }),
});

const NO_THREAD = 'the estimates are made by a timer of the kernel, which has no thread';

const rows = {
  am_droprate: row(upTo(INT_MAX), 10),
  amemthresh: row(upTo(INT_MAX), 1024),
  backup_only: row(integer),
  cache_bypass: row(integer),
  conn_reuse_mode: row(integer, 1),
  conntrack: row(integer, 0, 'packets of virtual services do not pass netfilter'),
  drop_entry: row(upTo(3)),
  drop_packet: row(upTo(3)),
  est_cpulist: row(cpuList, new Array<number>(CPU_WORDS).fill(0), NO_THREAD),
  est_nice: row(
    numbers(() => ({ min: -20, max: 19 })),
    0,
    NO_THREAD,
  ),
  expire_nodest_conn: row(integer),
  expire_quiescent_template: row(integer),
  ignore_tunneled: row(integer, 0, 'what comes out of a tunnel on this host is balanced whatever it is'),
  lblc_expiration: row(seconds, 86_400),
  lblcr_expiration: row(seconds, 86_400),
  nat_icmp_send: row(integer),
  pmtu_disc: row(integer, 1),
  run_estimation: row(integer, 1),
  schedule_icmp: row(integer),
  secure_tcp: row(upTo(3)),
  sloppy_sctp: row(integer),
  sloppy_tcp: row(integer),
  snat_reroute: row(integer, 1, 'replies are always routed from the virtual address'),
  sync_persist_mode: row(integer),
  sync_ports: row(powerOfTwo, 1),
  sync_qlen_max: row(upTo(0xffff_ffff), 8192),
  sync_refresh_period: row(seconds),
  sync_retries: row(upTo(3)),
  sync_sock_size: row(integer),
  sync_threshold: row(thresholdAndPeriod, [3, 50]),
  sync_version: row(upTo(1), 1),
} as const satisfies Readonly<Record<string, Sysctl>>;

export type SysctlName = keyof typeof rows;

/** By name. */
export const sysctls: Readonly<Record<SysctlName, Sysctl>> = rows;
export const sysctlNames = Object.keys(rows) as readonly SysctlName[];

export const isSysctlName = (name: string): name is SysctlName => Object.hasOwn(rows, name);

/** The line for the operator who sets it; undefined: none. */
export function sysctlWithoutEffect(name: string, value: string): string | undefined {
  if (!isSysctlName(name)) return undefined;
  const { noEffect, initial }: Sysctl = sysctls[name];
  return value.trim() === initial.join(' ') ? undefined : noEffect;
}
