// weir metrics: what GET /metrics answers, on standard output or in a file.
import { scrape } from '../../metrics/collect/scrape.js';
import { writeTextfile } from '../../metrics/collect/textfile.js';
import { METRICS_PARAMETERS, type MetricsParameter } from '../../metrics/exposition/options.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { version } from '../../report/version.js';
import { command, expectWords } from '../command.js';

const USAGE = `usage: weir metrics [--textfile FILE] [--family SET[,SET]] [--scope SCOPE[,SCOPE]] [--service SERVICE]
                    [--max-series N] [--backend-labels LABEL[,LABEL]] [--format prometheus|openmetrics|influx]
       prints counters and states of this network namespace for Prometheus; it changes nothing and waits for nothing
       --textfile FILE   into FILE, for node_exporter's textfile collector: replaced by a rename
       --family          node (node_ipvs_*), keepalived (keepalived_*, of mehdy's exporter), weir (weir_*): these three where nothing
                         is given; keepalived-gen2brain (keepalived_*, of gen2brain's exporter)
       --scope           director, service, server: all where nothing is given
       --service         of one service only: tcp:192.0.2.1:80, udp:[2001:db8::1]:53, mark:5
       --max-series N    a scope with more series is left out, and weir_scrape_truncated names it
       --backend-labels  labels of node_ipvs_backend_*: values of equal label sets are added
       --format          influx: services and servers by the names of telegraf's inputs.ipvs
`;
const TYPES = {
  textfile: 'value',
  family: 'value',
  scope: 'value',
  service: 'value',
  'max-series': 'value',
  'backend-labels': 'value',
  format: 'value',
} as const;

const optionOf = (name: MetricsParameter): keyof typeof TYPES => name.replace('_', '-') as keyof typeof TYPES;

export const run = command({ name: 'weir metrics', usage: USAGE, types: TYPES }, ({ flags, words }, io) => {
  expectWords(words, 0);
  const given = METRICS_PARAMETERS.flatMap((name) => {
    const value = flags[optionOf(name)];
    return value === undefined ? [] : [[name, value] as [string, string]];
  });
  if (flags.textfile !== undefined && (flags.format ?? 'prometheus') !== 'prometheus')
    throw new WeirError('option-not-here', { options: '--textfile', only: '--format prometheus' });
  const { pieces } = scrape(new URLSearchParams(given), { accept: '', version, nameOf: (name) => `--${optionOf(name)}` });
  const text = [...pieces].join('');
  if (flags.textfile === undefined) io.out(text);
  else writeTextfile(flags.textfile, text);
  return 0;
});
