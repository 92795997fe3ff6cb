// Who looks at the tables for what is new there: connections as their slots have them, and templates.
import type { TakenTemplate } from '../table/templates.js';
import type { SeenSlot } from './seen-slot.js';
import type { TemplateAt } from './template-scan.js';

/** Gets what is new as the tables have it, and the datapath's clock. A slot is read during the call. */
export interface TableNewsTo {
  readonly connection: (slot: SeenSlot, now: number) => void;
  readonly template: (template: TakenTemplate, where: TemplateAt, now: number) => void;
  /** Of what was reported and has ended before its time, as it was then. Absent: it is not asked for. */
  readonly ended?: {
    readonly connection: (slot: SeenSlot, now: number) => void;
    readonly template: (template: TakenTemplate, where: TemplateAt, now: number) => void;
  };
}
