// The output of an examination: one line for each finding, or that nothing is wrong; or the same as JSON.

import { counted } from '../model/counted.js';
import { type Finding, findingJson, findingsStatus, findingText } from '../model/finding.js';
import { coverageOf, coverageText } from './coverage.js';
import type { Facts, RealServerFacts } from './facts.js';

function methodText({ method, family, other }: RealServerFacts): string {
  const text = method === 'fullnat' ? 'FULLNAT' : `VS/${method.toUpperCase()}`;
  if (other === undefined) return family === 'inet' ? text : `${text} of IPv6`;
  return `${text}, ${methodText(other)}`;
}

/** What kind of host was examined. */
function hostText(facts: Facts): string {
  switch (facts.role) {
    case 'vrrp':
      return 'VRRP alone';
    case 'rs':
      return `real server, ${methodText(facts)}`;
    case 'director': {
      const destinations = facts.services.reduce((sum, service) => sum + service.destinations.length, 0);
      return `director, ${counted(facts.services.length, 'service')}, ${counted(destinations, 'destination')}`;
    }
  }
}

/** The line for a host without findings names what was examined. */
const allFine = (facts: Facts): string => `OK     nothing is wrong: ${hostText(facts)}${coverageText(coverageOf(facts))}`;

export function reportText(facts: Facts, findings: readonly Finding[]): string {
  const lines = findings.map(findingText);
  const wrong = findingsStatus(findings) > 0;
  return [...lines, ...(wrong ? [] : [allFine(facts)])].map((line) => `${line}\n`).join('');
}

export function reportJson(facts: Facts, findings: readonly Finding[]): string {
  return `${JSON.stringify({ role: facts.role, status: findingsStatus(findings), findings: findings.map(findingJson), ...coverageOf(facts) })}\n`;
}
