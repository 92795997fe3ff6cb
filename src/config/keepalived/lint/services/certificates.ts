// SSL_GET with `verify`: whether the authorities are there, whether a name is checked, and whether anything is verified at all.
import type { KeepalivedConfiguration } from '../../../../model/keepalived/configuration.js';
import type { Values } from '../../keyword.js';
import { blocksOf, booleanOf, has, nameOf, placeOf, textOf } from '../../values/values.js';
import { findingOf, type LintFinding, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const UNUSABLE: LintVerdict = {
  code: 'authorities-unusable',
  severity: 'warning',
  meaning: 'The file by which SSL_GET verifies certificates cannot be used: the check cannot be made, and its server stays as it is.',
};
const NAMELESS: LintVerdict = {
  code: 'certificate-name-unchecked',
  severity: 'warning',
  meaning: 'SSL_GET verifies certificates and knows no name: any certificate of a known authority passes.',
};
const OFF: LintVerdict = {
  code: 'certificate-not-verified',
  severity: 'warning',
  meaning: '`verify_host`, `verify_ca` or `verify_warning` without `verify`: no certificate is verified.',
};

const DETAILS = ['verify_host', 'verify_ca', 'verify_warning'] as const;

/** The files of authorities that checks verify by, as far as the file names them. */
export function usedAuthorities({ virtualServers, ssl }: KeepalivedConfiguration): readonly string[] {
  const rules = virtualServers
    .flatMap(({ realServers }) => realServers.flatMap(({ checkers }) => checkers))
    .flatMap(({ check }) => (check.kind === 'ssl' ? (check.verify ?? []) : []));
  return [...new Set(rules.flatMap(({ authorities }) => authorities ?? ssl?.authorities ?? []))];
}

/** A check, and what stands around it. */
interface Surroundings {
  readonly check: Values;
  readonly real: Values;
  readonly server: Values;
}

/** Whether each page has a name, of its own or of what is around it. */
function isNamed({ check, real, server }: Surroundings): boolean {
  if (has(check, 'verify_host') || has(check, 'sni_name')) return true;
  const around = [check, real, server].some((block) => has(block, 'virtualhost'));
  return around || blocksOf(check, 'url').every((url) => has(url, 'virtualhost'));
}

function look(found: Surroundings, node: LintNode): readonly LintFinding[] {
  const { check, real } = found;
  const name = `SSL_GET of ${nameOf(real)}`;
  if (booleanOf(check, 'verify') !== true) {
    const detail = DETAILS.find((keyword) => has(check, keyword));
    if (detail === undefined) return [];
    const cause = `${detail} has no effect without verify`;
    return [findingOf(OFF, placeOf(check, detail), `${name} verifies no certificate`, cause, `add the line 'verify', or remove ${detail}`)];
  }
  const findings: LintFinding[] = [];
  const path = textOf(check, 'verify_ca') ?? node.configuration.ssl?.authorities;
  const trouble = path === undefined ? undefined : node.troublesOfAuthorities.get(path);
  if (trouble !== undefined) {
    const at = placeOf(check, has(check, 'verify_ca') ? 'verify_ca' : 'verify');
    const cause = `${path} on this host: ${trouble}`;
    const fix = 'put the certificates of the authorities into that file (PEM), or name another one';
    findings.push(findingOf(UNUSABLE, at, `${name} cannot verify certificates`, cause, fix));
  }
  if (!isNamed(found)) {
    const cause = 'neither verify_host nor sni_name nor virtualhost names the server';
    findings.push(findingOf(NAMELESS, placeOf(check, 'verify'), `${name} checks no name in certificates`, cause, 'add verify_host NAME'));
  }
  return findings;
}

export const certificates: LintRule = {
  verdicts: [UNUSABLE, NAMELESS, OFF],
  examine: (nodes) =>
    nodes.flatMap((node) =>
      blocksOf(node.values, 'virtual_server').flatMap((server) =>
        blocksOf(server, 'real_server').flatMap((real) =>
          blocksOf(real, 'SSL_GET').flatMap((check) => look({ check, real, server }, node)),
        ),
      ),
    ),
};
