// The scripts of a configuration, each examined one time: what running it means, and what is logged about it.

import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { Notify } from '../../model/keepalived/instance.js';
import type { Script } from '../../model/keepalived/script.js';
import type { Log } from '../../model/log-level.js';
import { policyOf, type ResolvedScript, resolveScript, type ScriptPolicy } from './resolve-script.js';

const notifyScripts = (notify: Notify): readonly (Script | undefined)[] => [
  notify.master,
  notify.backup,
  notify.fault,
  notify.stop,
  notify.deleted?.command,
  notify.masterRxLowerPriority,
  notify.all,
];

export class ScriptBook {
  readonly #known = new Map<string, ResolvedScript>();
  readonly #policy: ScriptPolicy;
  #unsafe = false;
  #any = false;

  constructor(
    readonly configuration: KeepalivedConfiguration,
    readonly log: Log,
  ) {
    this.#policy = policyOf(configuration.global);
  }

  resolve(script: Script): ResolvedScript {
    const key = JSON.stringify([script.argv, script.text, script.runAs]);
    let known = this.#known.get(key);
    if (known === undefined) {
      const { script: resolved, messages, insecure } = resolveScript(script, this.#policy);
      messages.forEach((text) => this.log('warning', text));
      this.#unsafe ||= insecure;
      this.#any ||= resolved.kind !== 'disabled';
      known = resolved;
      this.#known.set(key, known);
    }
    return known;
  }

  /**
   * Looks at all scripts now, so that they are logged at the start and not in the middle of a failover. The configuration without the
   * trackers whose script cannot be run: keepalived takes those out too.
   */
  check(): KeepalivedConfiguration {
    const { instances, syncGroups, global } = this.configuration;
    const disabled = new Set<string>();
    for (const { name, script } of this.configuration.scripts) {
      const resolved = this.resolve(script);
      if (resolved.kind === 'disabled') {
        disabled.add(name);
        this.log('warning', `Disabling track script ${name} ${resolved.insecure ? 'due to insecure' : 'since not found/accessible'}`);
      }
    }
    for (const { notify } of [...instances, ...syncGroups]) {
      notifyScripts(notify).forEach((script) => script !== undefined && this.resolve(script));
    }
    for (const fifo of [global.notifyFifo, global.vrrpNotifyFifo]) {
      if (fifo?.script !== undefined) this.resolve(fifo.script);
    }
    if (this.#any && !this.#policy.security) {
      const more = this.#unsafe ? ' There are insecure scripts.' : '';
      this.log('warning', `SECURITY VIOLATION - scripts are being executed but script_security not enabled.${more}`);
    }
    return disabled.size === 0 ? this.configuration : without(this.configuration, disabled);
  }
}

function without(configuration: KeepalivedConfiguration, disabled: ReadonlySet<string>): KeepalivedConfiguration {
  const keep = ({ name }: { readonly name: string }): boolean => !disabled.has(name);
  const strip = <T extends { readonly track: KeepalivedConfiguration['instances'][number]['track'] }>(one: T): T => ({
    ...one,
    track: { ...one.track, scripts: one.track.scripts.filter(keep) },
  });
  return {
    ...configuration,
    scripts: configuration.scripts.filter(keep),
    instances: configuration.instances.map(strip),
    syncGroups: configuration.syncGroups.map(strip),
  };
}
