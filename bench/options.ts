// The bench's command line.

export const partNames = [
  'program',
  'scale',
  'ipv6',
  'methods',
  'path',
  'wire',
  'flood',
  'memory',
  'list',
  'commands',
  'failover',
  'checks',
  'sync',
  'layer7',
  'switch',
  'api',
  'soak',
] as const;
export type PartName = (typeof partNames)[number];
/** It takes ten minutes and compares nothing: it runs only where it is named. */
export const usualParts: readonly PartName[] = partNames.filter((name) => name !== 'soak');

export interface Options {
  readonly parts: readonly PartName[];
  /** A short run: fewer and shorter samples, to see that everything works; its figures are no evidence. */
  readonly quick: boolean;
  /** Exit with 1 when a gate is missed. */
  readonly gate: boolean;
  readonly json?: string;
  /** Another checkout that is built: both builds are measured in turns. */
  readonly against?: string;
  /** The one CPU that everything is pinned to; absent: the last one. */
  readonly cpu?: number;
  /** Priority of the run, -20 to 19; below 0 it is lent to ksoftirqd of that CPU as well. */
  readonly nice: number;
  /** Parts `wire`, `layer7` and `switch`: peers and tests to run; absent: all. */
  readonly peers?: readonly string[];
  readonly tests?: readonly string[];
  readonly offloads?: readonly string[];
  /** How long false failovers are counted under load, and how long `soak` takes; absent: 600, in a quick run 10. */
  readonly loadSeconds?: number;
}

export const usage = `usage: npm run bench -- [--quick] [--only PART[,PART]] [--json FILE] [--gate] [--cpu N] [--nice N]
                       [--peers NAME,...] [--tests NAME,...] [--offloads default,nic]
                       [--load-seconds N] [--against DIR]
parts: ${partNames.join(' ')}
soak runs only where it is named.
`;

const isPart = (name: string): name is PartName => (partNames as readonly string[]).includes(name);

const list = (text: string): readonly string[] => text.split(',').filter((word) => word !== '');

const whole = (name: string, text: string, low: number, high: number): number => {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || value < low || value > high)
    throw new Error(`${name} takes a whole number from ${low} to ${high}, not ${text}`);
  return value;
};

const parts = (text: string): readonly PartName[] =>
  list(text).map((name) => {
    if (!isPart(name)) throw new Error(`no such part: ${name} (there are: ${partNames.join(' ')})`);
    return name;
  });

type Draft = { -readonly [K in keyof Options]: Options[K] };

const withValue: Readonly<Record<string, (draft: Draft, text: string) => void>> = {
  '--only': (draft, text) => {
    draft.parts = parts(text);
  },
  '--json': (draft, text) => {
    draft.json = text;
  },
  '--against': (draft, text) => {
    draft.against = text;
  },
  '--cpu': (draft, text) => {
    draft.cpu = whole('--cpu', text, 0, 4095);
  },
  '--nice': (draft, text) => {
    draft.nice = whole('--nice', text, -20, 19);
  },
  '--peers': (draft, text) => {
    draft.peers = list(text);
  },
  '--tests': (draft, text) => {
    draft.tests = list(text);
  },
  '--offloads': (draft, text) => {
    draft.offloads = list(text);
  },
  '--load-seconds': (draft, text) => {
    draft.loadSeconds = whole('--load-seconds', text, 1, 86_400);
  },
};

/** Reads the arguments. @throws Error with one line for a person. */
export const parseOptions = (args: readonly string[]): Options => {
  const draft: Draft = { parts: usualParts, quick: false, gate: false, nice: 0 };
  for (let at = 0; at < args.length; at += 1) {
    const name = args[at] ?? '';
    const take = withValue[name];
    if (name === '--quick') draft.quick = true;
    else if (name === '--gate') draft.gate = true;
    else if (take === undefined) throw new Error(`unknown option: ${name}`);
    else {
      at += 1;
      const value = args[at];
      if (value === undefined) throw new Error(`${name} needs a value`);
      take(draft, value);
    }
  }
  return draft;
};
