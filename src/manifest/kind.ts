import * as z from 'zod';
import type { ErrorCode } from '../model/error-codes.ts';
import { API_VERSION, type Kind, type Manifest } from '../model/manifest.ts';
import { metadata } from './fields/policies.ts';

export type Path = readonly (string | number)[];

/** A value of which only what passed its schema is there. Rules across fields judge it without waiting for the rest. */
export type Draft<T> = T extends readonly (infer E)[]
  ? readonly (Draft<E> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
    : T;

/** What a rule found, at a path of the same document. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
  readonly allowed: string;
  readonly hint: string;
  readonly code?: ErrorCode;
  /** Fields whose absence the finding is about: where one of them is there but wrong, the finding is left out. */
  readonly absent?: readonly Path[];
  /** The other place in the same document, where two fields contradict each other. */
  readonly related?: Path;
}

/** One kind of manifest: its schema, and the rules that a schema of single fields cannot say. */
export interface KindDefinition<M extends Manifest> {
  readonly kind: M['kind'];
  readonly schema: z.ZodObject;
  rules(spec: Draft<M['spec']>): readonly Finding[];
}

/**
 * The schema of a whole document of a kind around the schema of its spec. `summary` says what the kind is for; `reserved` are names that no
 * object of it may have.
 */
export function documentSchema(
  kind: Kind,
  summary: string,
  maxNameLength: number,
  spec: z.ZodObject,
  reserved: readonly string[] = [],
): z.ZodObject {
  return z
    .strictObject({
      apiVersion: z.literal(API_VERSION).describe('Version of the manifest format.'),
      kind: z.literal(kind).describe('Kind of the object.'),
      metadata: metadata(maxNameLength, reserved),
      spec,
    })
    .describe(summary);
}

/** Findings about elements that stand in a list twice, by a key; each names the first of its like. */
export function duplicates<E>(
  list: readonly (E | undefined)[] | undefined,
  place: (index: number) => Path,
  keyOf: (element: E) => string | undefined,
  noun: string,
): Finding[] {
  const first = new Map<string, number>();
  return (list ?? []).flatMap((element, index) => {
    const key = element === undefined ? undefined : keyOf(element);
    if (key === undefined) return [];
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, index);
      return [];
    }
    return [
      {
        path: place(index),
        message: `${noun} "${key}" stands here a second time`,
        allowed: `each ${noun} once`,
        hint: 'Remove one of the two, or give it another value.',
        related: place(earlier),
      },
    ];
  });
}
