// A change that may be refused.
import { isRefusal } from '../../../src/model/errors/weir-error.js';

/** The refusal's code, or none. @throws what is no refusal */
export function attempt(work: () => void): string {
  try {
    work();
    return 'none';
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return error.code;
  }
}
