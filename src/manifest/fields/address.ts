import * as z from 'zod';
import { formatCidr, parseCidr, parseIpv4 } from '../../model/ipv4.ts';
import { isHostName } from './name.ts';

const DOTTED = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const CIDR = /^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/;
const HOST_PORT = /^[a-z0-9.-]+(?::\d{1,5})?$/;

const addressForm = 'an IPv4 address such as 192.168.10.20';

export const ipv4Address = z
  .string()
  .regex(DOTTED, addressForm)
  .refine((text) => parseIpv4(text) !== null, { error: addressForm })
  .meta({ title: 'IPv4 address' });

/** A subnet whose address has no bits beyond the prefix, with a prefix in the given range. */
export function cidr(minPrefix: number, maxPrefix: number): z.ZodString {
  const allowed = `a subnet such as 192.168.10.0/24, with a prefix from /${minPrefix} to /${maxPrefix}`;
  return z
    .string()
    .regex(CIDR, allowed)
    .refine(
      (text) => {
        const block = parseCidr(text);
        return block !== null && block.prefixLength >= minPrefix && block.prefixLength <= maxPrefix;
      },
      { error: allowed, abort: true },
    )
    .refine((text) => isCanonical(text), { error: `${allowed}, and no bits set beyond the prefix` })
    .meta({ title: 'subnet' });
}

function isCanonical(text: string): boolean {
  const block = parseCidr(text);
  return block === null || formatCidr(block) === text;
}

const hostPortForm = 'a host name or IPv4 address, then a port if wanted: api.dev.example or 192.168.10.5:6443';

/** `host` or `host:port`; no scheme and no path. */
export const hostPort = z
  .string()
  .regex(HOST_PORT, hostPortForm)
  .refine(isHostPort, { error: hostPortForm })
  .meta({ title: 'host[:port]' });

function isHostPort(text: string): boolean {
  const [host = '', port] = text.split(':');
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65535);
  // What looks like an address must be one: 192.168.1.300 is also a valid DNS name.
  const isHost = /^[\d.]+$/.test(host) ? parseIpv4(host) !== null : isHostName(host);
  return isHost && isPort;
}
