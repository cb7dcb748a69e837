import { z } from 'zod';
import type { Path } from './kind.ts';

/** The keys that a schema allows in the map at a path; empty where it names none. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  let inner: z.ZodType | null = schema;
  for (const part of path) inner = inner && childSchema(inner, part);
  const map = inner && unwrapped(inner);
  return map instanceof z.ZodObject ? Object.keys(map.shape) : [];
}

function childSchema(schema: z.ZodType, part: string | number): z.ZodType | null {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return (inner.shape as Record<string, z.ZodType>)[part] ?? null;
  if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
  return null;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}
