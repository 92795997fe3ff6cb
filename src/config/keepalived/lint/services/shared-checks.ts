// shared_checks where no two checks ask the same.
import { questionOf } from '../../../../model/keepalived/check-question.js';
import type { KeepalivedConfiguration } from '../../../../model/keepalived/configuration.js';
import { globalPlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const UNSHARED: LintVerdict = {
  code: 'shared-checks-without-sharers',
  severity: 'info',
  meaning: '`shared_checks`, and no two health checks ask the same of the same host with the same times.',
};

function hasSharers({ virtualServers }: KeepalivedConfiguration): boolean {
  const questions = virtualServers.flatMap((server) =>
    server.realServers.flatMap((real) => real.checkers.flatMap((checker) => questionOf(checker, real, server) ?? [])),
  );
  return new Set(questions).size < questions.length;
}

export const sharedChecks: LintRule = {
  verdicts: [UNSHARED],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      if (!node.configuration.global.sharedChecks || hasSharers(node.configuration)) return [];
      const cause = 'checks differ in their kind, target or times';
      const fix = 'write the same check, with the same times, in each virtual server; or remove shared_checks';
      return [findingOf(UNSHARED, globalPlace(node, 'shared_checks'), 'shared_checks has no effect', cause, fix)];
    }),
};
