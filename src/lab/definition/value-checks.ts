// Checks of untrusted data: a check reports each problem with the path to the wrong key and what was expected there.

import { isIPv4, isIPv6 } from 'node:net';
import { isRecord } from '../../model/json.js';
import { entryOf } from '../../model/own-entry.js';

export interface Problem {
  /** e.g. `hosts.web1.interfaces.eth0.addresses[0]`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export type Report = (path: string, message: string) => void;
export type Check = (value: unknown, path: string, report: Report) => void;

/** The value for a message, cut to 60 characters. */
function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const expected = (what: string, value: unknown): string => `expected ${what}, got ${shown(value)}`;

export const at = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** A text that `test` accepts; `what` names it in the message. */
export function text(what: string, test: (value: string) => boolean = (value) => value !== ''): Check {
  return (value, path, report) => {
    if (typeof value !== 'string' || !test(value)) report(path, expected(what, value));
  };
}

export function whole(what: string, min: number, max: number): Check {
  return (value, path, report) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      report(path, expected(`${what} (${min} to ${max})`, value));
    }
  };
}

export const flag: Check = (value, path, report) => {
  if (typeof value !== 'boolean') report(path, expected('true or false', value));
};

export function oneOf(values: readonly string[]): Check {
  return text(`one of ${values.join(', ')}`, (value) => values.includes(value));
}

export function list(item: Check, min = 0): Check {
  return (value, path, report) => {
    if (!Array.isArray(value) || value.length < min) {
      report(path, expected(min > 0 ? `a list of at least ${min}` : 'a list', value));
      return;
    }
    value.forEach((element: unknown, index) => item(element, `${path}[${index}]`, report));
  };
}

/** An object whose keys are chosen by the file's author. */
export function record(key: Check, item: Check, min = 0): Check {
  return (value, path, report) => {
    if (!isRecord(value) || Object.keys(value).length < min) {
      report(path, expected(min > 0 ? 'an object with at least one key' : 'an object', value));
      return;
    }
    for (const [name, element] of Object.entries(value)) {
      key(name, at(path, name), report);
      item(element, at(path, name), report);
    }
  };
}

/** An object with these keys and no others. */
export function object(required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>> = {}): Check {
  return (value, path, report) => {
    if (!isRecord(value)) {
      report(path, expected('an object', value));
      return;
    }
    for (const [key, check] of Object.entries(required)) check(value[key], at(path, key), report);
    for (const [key, element] of Object.entries(value)) {
      const check = entryOf(optional, key);
      if (check !== undefined) {
        check(element, at(path, key), report);
      } else if (!Object.hasOwn(required, key)) {
        report(at(path, key), `unknown key; the known keys are ${[...Object.keys(required), ...Object.keys(optional)].join(', ')}`);
      }
    }
  };
}

/** The check that `choose` returns for a value. */
export function choice(choose: (value: unknown) => Check): Check {
  return (value, path, report) => choose(value)(value, path, report);
}

const isAddress = (value: string): boolean => isIPv4(value) || isIPv6(value);

/** `ADDR/LEN`. */
export function isNetwork(value: string): boolean {
  const [address = '', length, more] = value.split('/');
  return (
    length !== undefined &&
    more === undefined &&
    isAddress(address) &&
    /^\d{1,3}$/.test(length) &&
    Number(length) <= (isIPv4(address) ? 32 : 128)
  );
}

export const address: Check = text('an address such as 192.168.88.10', isAddress);
export const network: Check = text('an address with its prefix length, such as 192.168.88.10/24', isNetwork);
