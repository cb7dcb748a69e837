import * as z from 'zod';
import { parseSkips, SKIP_ANNOTATION, SKIPPABLE_GUARDS } from '../../model/guard.ts';

const LABEL = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const LIBVIRT_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,49}$/;
const INTERFACE = /^[A-Za-z][A-Za-z0-9._-]{0,14}$/;

/**
 * Longest names such that the longest derived one, `<cluster>-<pool>-<n>` with three digits, is still a DNS label
 * of 63 characters and a hostname that Linux accepts.
 */
export const nameLimits = { label: 63, cluster: 40, pool: 18 } as const;
/** Most machines in one pool: what three digits hold. */
export const maxPoolReplicas = 999;

/**
 * A DNS label that begins with a letter: virsh reads a number as a domain's id and a UUID as a UUID, and YAML reads
 * a number as one.
 */
export function label(maxLength: number): z.ZodString {
  const allowed = `lower-case letters, digits and "-", a letter first and no "-" last, at most ${maxLength} characters`;
  return z
    .string()
    .regex(LABEL, allowed)
    .max(maxLength, allowed)
    .refine((text) => !UUID.test(text), { error: `${allowed}, and not the form of a UUID` })
    .meta({ title: 'name' });
}

/** Name of another object. */
export function reference(kind: string): z.ZodString {
  return label(nameLimits.label).meta({ title: `name of ${kind}` });
}

/** A host name, dotted or not. */
export const hostName = z
  .string()
  .regex(HOST, 'a host name of lower-case letters, digits, "-" and "."')
  .meta({ title: 'host name' });

/** Whether a text is a DNS name or an address in dotted form. */
export function isHostName(text: string): boolean {
  return HOST.test(text);
}

export const libvirtName = z
  .string()
  .regex(LIBVIRT_NAME, 'letters, digits, ".", "_" and "-", a letter first, at most 50 characters')
  .meta({ title: 'libvirt name' });

/** Linux allows 15 characters. */
export const interfaceName = z
  .string()
  .regex(
    INTERFACE,
    'a network interface name: letters, digits, ".", "_" and "-", a letter first, at most 15 characters',
  )
  .meta({ title: 'interface name' });

const LABEL_KEY = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

const labelKey = z.string().regex(LABEL_KEY, 'a Kubernetes label key such as team or example.org/team');

export const labels = z.record(labelKey, z.string().regex(LABEL_VALUE, 'at most 63 letters, digits, "-", "_" and "."'));

const skipForm = `guards with the digest that the plan prints, as in WindowOpen=0123456789ab; skippable are ${SKIPPABLE_GUARDS.join(', ')}`;

export const annotations = z
  .record(labelKey, z.string().max(4096, 'at most 4096 characters'))
  .superRefine((entries, context) => {
    const skips = entries[SKIP_ANNOTATION];
    if (skips === undefined || parseSkips(skips) !== null) return;
    const params = { hint: '`kreconcile plan` prints the annotation that skips a guard, under the block.' };
    context.addIssue({ code: 'custom', path: [SKIP_ANNOTATION], message: skipForm, params });
  });
