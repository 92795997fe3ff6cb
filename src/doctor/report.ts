// The output of an examination: one line for each finding, or that nothing is wrong; or the same as JSON.

import { counted } from '../model/counted.js';
import { type Finding, findingJson, findingsStatus, findingText } from '../model/finding.js';
import { coverageText, directorCoverage, serverCoverage } from './coverage.js';
import type { Facts } from './facts.js';

/** The line for a host without findings names what was examined. */
function allFine(facts: Facts): string {
  if (facts.role === 'vrrp')
    return 'OK     nothing is wrong: VRRP alone; looked at: adverts, ARP, filters and settings; not looked at: the other nodes';
  if (facts.role === 'rs') {
    return `OK     nothing is wrong: real server, VS/${facts.method.toUpperCase()}${coverageText(serverCoverage(facts))}`;
  }
  const destinations = facts.services.reduce((sum, service) => sum + service.destinations.length, 0);
  const examined = `${counted(facts.services.length, 'service')}, ${counted(destinations, 'destination')}`;
  return `OK     nothing is wrong: director, ${examined}${coverageText(directorCoverage(facts))}`;
}

export function reportText(facts: Facts, findings: readonly Finding[]): string {
  const lines = findings.map(findingText);
  const wrong = findingsStatus(findings) > 0;
  return [...lines, ...(wrong ? [] : [allFine(facts)])].map((line) => `${line}\n`).join('');
}

export function reportJson(facts: Facts, findings: readonly Finding[]): string {
  const coverage = facts.role === 'director' ? directorCoverage(facts) : facts.role === 'rs' ? serverCoverage(facts) : {};
  return `${JSON.stringify({ role: facts.role, status: findingsStatus(findings), findings: findings.map(findingJson), ...coverage })}\n`;
}
