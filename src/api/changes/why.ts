// Why something failed, for the log: of a mistake of weir's own all that is known.
import { mistakeText } from '../../model/errors/message-of.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { isSystemError } from '../../sys/errno.js';

export const whyOf = (error: unknown): string => (isWeirError(error) || isSystemError(error) ? error.message : mistakeText(error));
