// The section `feedback` of a weir.yaml: services by their words, each with how its servers are asked and how its weights move.
import { failure } from '../../model/errors/weir-error.js';
import type { ConfiguredFeedback } from '../../model/feedback/configured-feedback.js';
import {
  CONFIGURED_DEFAULTS,
  CUBE_ROOT,
  PERIOD_MAX_US,
  PERIOD_MIN_US,
  POOL_SCALE,
  SCALE_MAX,
} from '../../model/feedback/feedback-settings.js';
import { parseTargetWord } from '../../model/feedback/feedback-target.js';
import { LOAD_SOURCES, type LoadSourceKind, sourceMisfit } from '../../model/feedback/load-source.js';
import { byName, choice, integer, type Of, optional, placed, type Report, record, scalar } from './shape.js';
import { parseDuration } from './units.js';

const PERCENT_MAX = 1000;
const PORT_MAX = 65_535;
const CONCURRENCY_MAX = 1_000_000;

const sources = Object.keys(LOAD_SOURCES) as readonly LoadSourceKind[];

const period = scalar('a time from 5s to 1h', { type: ['string', 'integer'] }, (text) => {
  const us = parseDuration(text);
  return us !== undefined && us >= PERIOD_MIN_US && us <= PERIOD_MAX_US ? us : undefined;
});
const path = scalar('a path that begins with /', { type: 'string', pattern: '^/[!-~]*$' }, (text) =>
  /^\/[!-~]*$/.test(text) ? text : undefined,
);
/** `30%` or 30. */
const percent = scalar('a percentage from 1% to 1000%', { type: ['string', 'integer'] }, (text) => {
  const [, digits] = /^(\d{1,4})%?$/.exec(text) ?? [];
  const share = Number(digits ?? 0);
  return share >= 1 && share <= PERCENT_MAX ? share / 100 : undefined;
});

const service = record('settings of feedback', {
  source: optional(choice(sources)),
  port: optional(integer(1, PORT_MAX)),
  path: optional(placed(path)),
  period: optional(period),
  scale: optional(integer(1, SCALE_MAX)),
  concurrency: optional(integer(1, CONCURRENCY_MAX)),
  law: optional(choice(['served-per-busy', 'cube-root'])),
  dead_band: optional(percent),
  floor: optional(placed(percent)),
  ceiling: optional(placed(percent)),
});

/** Names are examined with their values: a wrong one is reported at its place. */
export const feedbackShape = byName(/^(?:tcp|udp|sctp|mark|mark6|pool):\S+$/, service);
type Section = Of<typeof feedbackShape>;
type ServiceKeys = Of<typeof service>['value'];

function settingsOf(
  isPool: boolean,
  { period, scale, law, dead_band: deadBand, floor, ceiling }: ServiceKeys,
  report: Report,
): ConfiguredFeedback['settings'] {
  if (floor !== undefined && floor.value > 1)
    report(floor.at, failure('file-value', { expected: 'a floor of 100% at most', given: `${floor.value * 100}%`, meant: undefined }));
  if (ceiling !== undefined && ceiling.value < 1)
    report(
      ceiling.at,
      failure('file-value', { expected: 'a ceiling of 100% at least', given: `${ceiling.value * 100}%`, meant: undefined }),
    );
  return {
    ...CONFIGURED_DEFAULTS,
    ...(period === undefined ? {} : { periodUs: period }),
    ...(scale === undefined ? (isPool ? { scale: POOL_SCALE } : {}) : { scale }),
    ...(law === 'cube-root' ? { law: CUBE_ROOT } : {}),
    ...(deadBand === undefined ? {} : { deadBand }),
    ...(floor === undefined ? {} : { floor: floor.value }),
    ...(ceiling === undefined ? {} : { ceiling: ceiling.value }),
  };
}

/** The services of the section; what is wrong with one is reported. */
export function feedbackOf(section: Section, report: Report): readonly ConfiguredFeedback[] {
  return section.flatMap(({ name, at, value }): readonly ConfiguredFeedback[] => {
    const key = parseTargetWord(name);
    if (key === undefined)
      report(
        at,
        failure('file-value', {
          expected: 'a service as tcp:192.0.2.1:80 or mark:5, or a pool as pool:web',
          given: JSON.stringify(name),
          meant: undefined,
        }),
      );
    if (key === undefined || value === undefined) return [];
    const { source: kind = 'weir-load', port, path: asked, concurrency } = value.value;
    const source = LOAD_SOURCES[kind];
    if (asked !== undefined && source.path === '')
      report(asked.at, failure('file-value', { expected: `no path: ${kind} is no source by HTTP`, given: asked.value, meant: undefined }));
    const misfit = sourceMisfit(kind, key.kind === 'pool', concurrency);
    if (misfit !== undefined) report(at, failure('file-value', { expected: misfit, given: kind, meant: undefined }));
    return [
      {
        key,
        source: {
          ...source,
          port: port ?? source.port,
          path: asked?.value ?? source.path,
          ...(concurrency === undefined ? {} : { concurrency }),
        },
        settings: settingsOf(key.kind === 'pool', value.value, report),
      },
    ];
  });
}
