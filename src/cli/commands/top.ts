// weir top: the rates of services and servers, drawn again every second, or printed once.
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { observedReader } from '../../report/observed-reader.js';
import { type ServiceRates, SORT_KEYS, type SortKey, serviceRates, sortedRates, totalRates } from '../../report/rates.js';
import { command, expectWords } from '../command.js';
import type { Flags } from '../flags.js';
import { Screen } from '../top/screen.js';
import { topLines } from '../top/top-text.js';

const USAGE = `usage: weir top [--sort KEY] [--once] [--json]
       connections, packets and bytes a second, in and out, and the connections now, of every service and server; drawn again
       every second in a terminal, printed once elsewhere; it changes nothing and locks nothing
       --sort  conns, inPackets, outPackets, inBytes, outBytes, active, inactive or name; default: conns
       --once  print once in a terminal, too
       --json  once, as one object
       in the terminal: c i o b B a n N sort by conns, inPackets, outPackets, inBytes, outBytes, active, inactive, name;
       q or Ctrl-C ends it
       rates are the estimates of ipvsadm --rate, brought up to date every 2 s
       exit status: 0 ended or printed
`;
const TYPES = { sort: 'value', once: 'flag', json: 'flag' } as const;

const DRAW_MS = 1000;
const KEYS: ReadonlyMap<string, SortKey> = new Map([
  ['c', 'conns'],
  ['i', 'inPackets'],
  ['o', 'outPackets'],
  ['b', 'inBytes'],
  ['B', 'outBytes'],
  ['a', 'active'],
  ['n', 'inactive'],
  ['N', 'name'],
]);

/** @throws WeirError option-value */
function readSort({ sort }: Flags<typeof TYPES>): SortKey {
  const found = sort === undefined ? 'conns' : SORT_KEYS.find((key) => key === sort);
  if (found === undefined) throw new WeirError('option-value', { option: '--sort', expected: SORT_KEYS.join(', '), given: sort ?? '' });
  return found;
}

const ratesNow = (reader: ObservingReader): readonly ServiceRates[] => reader.services().map(serviceRates);

const timeOfDay = (): string => new Date().toTimeString().slice(0, 8);

function json(reader: ObservingReader, sort: SortKey): string {
  const services = sortedRates(ratesNow(reader), sort);
  return `${JSON.stringify({ at: new Date().toISOString(), total: totalRates(services), services })}\n`;
}

/** Until a key, a signal or an error ends it. */
function watch(reader: ObservingReader, first: SortKey): Promise<void> {
  return new Promise((done, fail) => {
    let sort = first;
    const end = (finish: () => void): void => {
      clearInterval(timer);
      screen.close();
      finish();
    };
    const draw = (): void => {
      try {
        screen.draw(topLines(ratesNow(reader), sort, timeOfDay(), screen.size));
      } catch (error) {
        end(() => fail(error));
      }
    };
    const typed = (key: string): void => {
      if (key === 'q') {
        end(done);
        return;
      }
      sort = KEYS.get(key) ?? sort;
      draw();
    };
    const screen = new Screen(() => end(done), draw, typed);
    const timer = setInterval(draw, DRAW_MS);
    screen.open();
    draw();
  });
}

export const run = command({ name: 'weir top', usage: USAGE, types: TYPES }, async ({ flags, words }, io) => {
  expectWords(words, 0);
  const sort = readSort(flags);
  const reader = observedReader();
  try {
    if (flags.json) io.out(json(reader, sort));
    else if (flags.once || !process.stdout.isTTY) io.out(`${topLines(ratesNow(reader), sort, timeOfDay()).join('\n')}\n`);
    else await watch(reader, sort);
  } finally {
    reader.close();
  }
  return 0;
});
