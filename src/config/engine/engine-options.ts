// What the configuration of an engine is made of besides the model, and what is made.
import type { PoolOrder } from '../../model/layer7/pool-status.js';
import { NEVER_UPGRADED } from '../../model/layer7/upgrade.js';
import type { EngineLoss } from './engine-loss.js';

/** A certificate of a listener, by its files and as texts in PEM. */
export interface EngineCertificate {
  readonly file: string;
  readonly keyFile: string;
  readonly chain: string;
  readonly key: string;
  readonly names: readonly string[];
  readonly keyType: string;
}

/** Values of Upgrade that are not passed on, in any case: several protocols, and those. */
export const NO_UPGRADE = `,|^${NEVER_UPGRADED}`;

export interface EngineOptions {
  /** For the configuration, its companions and temporary files; the engine's workers must be able to reach it. */
  readonly folder: string;
  /** Processes of nginx, threads of HAProxy; 0: one for each core. */
  readonly workers: number;
  /** The access log; absent: none. */
  readonly log?: string;
  readonly certificates: Readonly<Record<string, readonly EngineCertificate[]>>;
  /** Verdicts and weights as they are now; servers that are not named are up with the weight of the file. */
  readonly orders: readonly PoolOrder[];
  /** What a cookie that binds a client to a server has as its value. */
  readonly bindingId: (pool: string, server: string) => string;
}

export interface EngineText {
  readonly text: string;
  readonly losses: readonly EngineLoss[];
  /** Files that the text refers to, by their paths: for root alone, and never changed under their names. */
  readonly companions: ReadonlyMap<string, string>;
  /** By which a running engine names what it has read; empty: it cannot. */
  readonly generation: string;
}

/** The first line of every file that weir writes; a file without it is not replaced. */
export const ENGINE_MARKER = '# Written by weir engine from a weir.yaml: changes here are lost.';
