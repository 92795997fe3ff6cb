// Addresses by their texts, for tests.
import assert from 'node:assert/strict';
import type { Address } from '../../src/model/address.js';
import { parseAddress } from '../../src/model/address-text.js';

/** The address of either family with this text. A text that is none fails the test. */
export const ip = (text: string): Address => parseAddress(text) ?? assert.fail(`not an address: ${text}`);
