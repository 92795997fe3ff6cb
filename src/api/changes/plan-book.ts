// The plans of this process: each waits to be applied, for a time. A process that is killed loses them, and nothing of the table.
import type { DocumentOptions, DocumentPlan } from '../../control/plan/document-plan.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { TableDocument } from '../../model/table-document.js';

const LIFE_MS = 600_000;
const PLANS_MAX = 100;

export interface StoredPlan {
  readonly id: string;
  readonly author: string;
  readonly document: TableDocument;
  readonly options: DocumentOptions;
  readonly plan: DocumentPlan;
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
  ) {}

  /** The oldest make room. */
  add(made: Pick<StoredPlan, 'author' | 'document' | 'options' | 'plan'>): StoredPlan {
    const madeAt = this.now();
    const stored = { ...made, id: this.newId(), madeAt, expiresAt: madeAt + LIFE_MS };
    this.#plans.set(stored.id, stored);
    for (const [id, { expiresAt }] of this.#plans) if (expiresAt < madeAt || this.#plans.size > PLANS_MAX) this.#plans.delete(id);
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
      this.#plans.set(id, stored);
      throw error;
    }
  }
}
