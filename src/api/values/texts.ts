// Values that stand in paths and queries as texts: addresses, services, numbers.
import * as z from 'zod';
import { parseAddress } from '../../model/address-text.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { parseServiceWord } from '../../model/service-word.js';
import { parseSubnet } from '../../model/subnet-text.js';

/** A text that `parse` reads; undefined: it is none. */
const parsed = <T>(expected: string, parse: (text: string) => T | undefined): z.ZodType<T, string> =>
  z
    .string()
    .max(200)
    .transform((text, context) => {
      const value = parse(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: `not ${expected}` });
      return z.NEVER;
    })
    .describe(expected);

export const endpointText = parsed('an address with a port, as 192.0.2.1:80 or [2001:db8::1]:80', parseEndpoint);
export const serviceText = parsed('a service, as tcp:192.0.2.1:80, udp:[2001:db8::1]:53 or mark:5', parseServiceWord);
export const subnetText = parsed('an address or a prefix, as 192.0.2.0/24', parseSubnet);

/** With its port or without. */
export const serverText = parsed('an address, with a port or without', (text) => {
  const address = parseAddress(text);
  return address === undefined ? parseEndpoint(text) : { address };
});

/** In a query, where numbers are texts. */
export const numberText = (min: number, max: number): z.ZodType<number, string> =>
  parsed(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });

/** A time of whole seconds: 30 or 30s. */
export const secondsText = (max: number): z.ZodType<number, string> =>
  parsed(`seconds from 0 to ${max}, as 30s`, (text) => {
    const value = /^\d{1,10}s?$/.test(text) ? Number(text.replace('s', '')) : Number.NaN;
    return value <= max ? value : undefined;
  });
