// The plans of this process: each waits to be applied, for a time. A process that is killed loses them, and nothing of the table.
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { TableDocument } from '../../model/table-document.js';

const LIFE_MS = 600_000;
const PLANS_MAX = 100;
/** Of all plans as JSON together, characters; what a plan takes of memory is some times as much. */
const LENGTH_MAX = 64 * 1024 * 1024;

export interface StoredPlan {
  readonly id: string;
  readonly author: string;
  readonly document: TableDocument;
  readonly options: DocumentOptions;
  readonly plan: DocumentPlan;
  /** Of the plan as JSON, characters. */
  readonly length: number;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  readonly expiresAt: number;
  /** Once it is applied, or while that is under way: every further answer is the first one's. */
  readonly applied?: Promise<AppliedPlan>;
}

export interface AppliedPlan {
  readonly plan: DocumentPlan;
  /** Of the table afterwards; null: it could not be read. */
  readonly etag: string | null;
  /** Its entry in the journal; null: nothing had to be changed. */
  readonly change: string | null;
  /** What whoever made it should know. */
  readonly warnings: readonly string[];
}

export class PlanBook {
  readonly #plans = new Map<string, StoredPlan>();

  constructor(
    readonly now: () => number,
    /** A name that no caller can guess or meet again. */
    readonly newId: () => string,
    readonly lengthMax = LENGTH_MAX,
  ) {}

  /** The oldest make room; the newest stays, whatever its size. */
  add(made: Pick<StoredPlan, 'author' | 'document' | 'options' | 'plan'>): StoredPlan {
    const madeAt = this.now();
    const { length } = JSON.stringify({ ...made.plan, steps: [] });
    const stored = { ...made, length, id: this.newId(), madeAt, expiresAt: madeAt + LIFE_MS };
    let all = [...this.#plans.values()].reduce((sum, one) => sum + one.length, length);
    for (const [id, before] of this.#plans) {
      if (before.expiresAt >= madeAt && this.#plans.size < PLANS_MAX && all <= this.lengthMax) continue;
      this.#plans.delete(id);
      all -= before.length;
    }
    this.#plans.set(stored.id, stored);
    return stored;
  }

  all(): readonly StoredPlan[] {
    return [...this.#plans.values()].filter(({ expiresAt }) => expiresAt >= this.now());
  }

  /** @throws WeirError api-no-plan */
  get(id: string): StoredPlan {
    const found = this.#plans.get(id);
    if (found === undefined || found.expiresAt < this.now()) throw new WeirError('api-no-plan', { id });
    return found;
  }

  /** The result of the first call is that of all; a plan that could not be applied may be tried again. */
  async applyOnce(id: string, apply: (plan: StoredPlan) => Promise<AppliedPlan>): Promise<AppliedPlan> {
    const stored = this.get(id);
    if (stored.applied !== undefined) return await stored.applied;
    const applied = apply(stored);
    this.#plans.set(id, { ...stored, applied });
    try {
      return await applied;
    } catch (error) {
      if (this.#plans.has(id)) this.#plans.set(id, stored);
      throw error;
    }
  }
}
