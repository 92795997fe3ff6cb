// One line of virtual_rules or static_rules, read as iproute2 reads it (ip-rule(8), keepalived.conf(5)).
import type { Family } from '../../../../model/address.js';
import type { HostRule } from '../../../../model/keepalived/network.js';
import type { Report } from '../../diagnostics/report.js';
import type { Statement, Word } from '../../keyword.js';
import { Line } from '../line.js';
import { type NumberNames, PROTOCOL_KEEPALIVED } from './number-names.js';
import { fillOpen, type RuleDraft, type RuleReading, ruleOptions } from './rule-option.js';

/** What reading such a line needs. `trackGroups`: absent for virtual rules. */
export interface RuleContext {
  readonly report: Report;
  readonly names: NumberNames;
  readonly trackGroups?: ReadonlySet<string>;
}

/** Reads a word without a value; true: it was one. */
function readFlag({ draft }: RuleReading, word: Word): boolean {
  if (word.text === 'not') draft.not = true;
  else if (word.text === 'no_track') draft.noTrack = true;
  else if (word.text === 'inet' || word.text === 'inet6') draft.family = word.text;
  else return false;
  return true;
}

/** Reads all options of the line; false: the rule is not used. */
function readOptions(reading: RuleReading): boolean {
  const { line, trackGroups } = reading;
  for (let word = line.take(); word !== undefined; word = line.take()) {
    if (readFlag(reading, word)) continue;
    const option = word.text === 'track_group' && trackGroups === undefined ? undefined : ruleOptions.get(word.text);
    if (option === undefined) {
      if (word.text === 'nat') line.report('rule-action-nat', word.at);
      else line.report('rule-option-unknown', word.at, { word: word.text });
      return false;
    }
    if (!option(reading, word)) return false;
  }
  return true;
}

function familyOf(draft: RuleDraft): Family | undefined {
  const families = [draft.family, draft.from?.address.family, draft.to?.address.family].filter((family) => family !== undefined);
  const [first = 'inet'] = families;
  return families.every((family) => family === first) ? first : undefined;
}

/** The action of the rule; undefined if it is missing or impossible. */
function actionOf({ draft, line }: RuleReading, place: Word): HostRule['action'] | undefined {
  const action = draft.action ?? (draft.l3mdev === true ? ({ kind: 'table', table: 0 } as const) : undefined);
  if (action === undefined) {
    line.report('rule-without-action', place.at);
  } else if (action.kind === 'goto' && draft.preference !== undefined && draft.preference >= action.preference) {
    line.report('rule-goto-backwards', place.at, { preference: draft.preference, target: action.preference });
    return undefined;
  }
  return action;
}

/** The rule of the line; undefined, and reported, if it cannot be used. `numberRules` assigns a missing preference. */
export function buildRule(statement: Statement, context: RuleContext): HostRule | undefined {
  const line = new Line(statement, context.report);
  const { names, trackGroups } = context;
  const reading: RuleReading = { line, draft: {}, names, open: [], ...(trackGroups === undefined ? {} : { trackGroups }) };
  if (!readOptions(reading)) return undefined;
  const { draft } = reading;
  const family = familyOf(draft);
  if (family === undefined) {
    line.report('rule-mixed-families', statement.keyword.at);
    return undefined;
  }
  fillOpen(reading, family);
  const action = actionOf(reading, statement.keyword);
  if (action === undefined) return undefined;
  const tracked = draft.noTrack === true ? {} : { protocol: PROTOCOL_KEEPALIVED };
  return { not: false, l3mdev: false, noTrack: false, ...tracked, ...draft, family, action };
}

/** Assigns 16384, 16383 … to the rules of a file without a preference, in order, and reports each. */
export function numberRules(): (rule: HostRule, statement: Statement, report: Report) => HostRule {
  let next = 16384;
  return (rule, statement, report) => {
    if (rule.preference !== undefined) return rule;
    const preference = next--;
    report('rule-preference-set', statement.keyword.at, { preference });
    return { ...rule, preference };
  };
}
