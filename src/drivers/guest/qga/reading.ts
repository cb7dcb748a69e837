import * as z from 'zod';
import type { GuestStatus } from '../../../model/guest-status.ts';
import { badReply, sanitised } from './failures.ts';

/**
 * The lenient reading of `status`. What is unknown is ignored, what is missing is `null`, lists are cut and texts made
 * printable; but a word that this release does not know where it decides something makes the reply invalid, because a
 * guess there could take a node away.
 */
const text = (maxLength: number) => z.string().transform((value) => sanitised(value, maxLength));
const orNull = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null);
const time = z.number().min(0);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** Entries that are not as they should be are left out; no more than `max` are kept. */
function list<T extends z.ZodType>(schema: T, max: number, keep: 'first' | 'last' = 'first') {
  return z
    .array(z.unknown())
    .nullish()
    .transform((entries) => {
      const valid = (entries ?? []).flatMap((entry) => {
        const parsed = schema.safeParse(entry);
        return parsed.success ? [parsed.data] : [];
      });
      return keep === 'first' ? valid.slice(0, max) : valid.slice(-max);
    });
}

const address = z.object({
  mac: z
    .string()
    .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i)
    .transform((mac) => mac.toLowerCase()),
  address: z.ipv4(),
});

const operation = z.object({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/),
  verb: text(40),
  state: z.enum(['running', 'succeeded', 'failed']),
  startedAtMs: time,
  endedAtMs: orNull(time),
  message: text(500)
    .nullish()
    .transform((value) => value ?? ''),
  result: z
    .record(z.string().max(64), z.unknown())
    .nullish()
    .transform((values) =>
      Object.fromEntries(
        Object.entries(values ?? {})
          .slice(0, 20)
          .flatMap(([key, value]) => (typeof value === 'string' ? [[key, sanitised(value, 500)]] : [])),
      ),
    ),
});

const node = z.object({
  name: text(253),
  ready: z.boolean(),
  version: text(64),
  heartbeatAgeMs: orNull(z.number()),
  unschedulable: z.boolean(),
  cordonedByUs: z.boolean(),
  evictablePods: orNull(z.number().int().min(0)),
});

const kubernetes = z.object({
  phase: z.enum(['absent', 'installed', 'initialised']),
  version: orNull(text(64)),
  serviceActive: z.boolean(),
  apiReady: orNull(z.boolean()),
  apiVersion: orNull(text(64)),
  staged: list(text(64), 20),
  nodes: list(node, 200),
  nodesTotal: z
    .number()
    .int()
    .min(0)
    .nullish()
    .transform((value) => value ?? 0),
  kubeconfigDigest: orNull(digest),
  certificatesExpireAtMs: orNull(time),
  clusterUid: orNull(text(64)),
});

const status = z.object({
  program: digest,
  bootId: z.string().regex(/^[0-9a-f-]{36}$/),
  hostname: orNull(text(253)),
  os: orNull(z.object({ id: text(64), version: text(64) })),
  cloudInit: z.enum(['not-run', 'running', 'done', 'error', 'absent']),
  addresses: list(address, 50),
  stateDisk: z.enum(['none', 'mounted', 'missing', 'foreign', 'blank-refused']),
  kubernetes: orNull(kubernetes),
  veto: orNull(text(200)),
  operations: list(operation, 20, 'last'),
});

/** The status that the in-guest program printed; `GuestReply` if it is none. */
export function readStatus(machine: string, output: Uint8Array): GuestStatus {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(output).toString('utf8'));
  } catch (cause) {
    throw badReply(machine, 'a status that is not JSON', cause);
  }
  const parsed = status.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badReply(machine, `a status whose ${issue?.path.join('.') || 'form'} is not valid`);
}

const osInfo = z.object({ id: orNull(text(64)), 'version-id': orNull(text(64)) });
const hostName = z.object({ 'host-name': text(253) });
const networkInterface = z.object({
  name: z.string(),
  'hardware-address': z.string(),
  'ip-addresses': list(z.object({ 'ip-address-type': z.string(), 'ip-address': z.string() }), 20),
});

/** What the agent itself can tell of a guest that has no in-guest program; `program` is empty. */
export function readBareStatus(replies: {
  readonly osInfo: unknown;
  readonly hostName: unknown;
  readonly interfaces: unknown;
  readonly bootId: string;
}): GuestStatus {
  const os = osInfo.safeParse(replies.osInfo);
  const host = hostName.safeParse(replies.hostName);
  const interfaces = list(networkInterface, 50).safeParse(replies.interfaces);
  return {
    program: '',
    bootId: sanitised(replies.bootId, 36),
    hostname: host.success ? host.data['host-name'] : null,
    os: os.success && os.data.id !== null ? { id: os.data.id, version: os.data['version-id'] ?? '' } : null,
    cloudInit: 'absent',
    addresses: (interfaces.data ?? [])
      .filter(({ name }) => name !== 'lo')
      .flatMap((link) =>
        link['ip-addresses'].flatMap((entry) => {
          const parsed = address.safeParse({ mac: link['hardware-address'], address: entry['ip-address'] });
          return parsed.success ? [parsed.data] : [];
        }),
      ),
    stateDisk: 'none',
    kubernetes: null,
    veto: null,
    operations: [],
  };
}
