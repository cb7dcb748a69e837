import * as z from 'zod';
import type { Path } from './kind.ts';

/** The keys that a schema allows in the map at a path; empty where it names none. */
export function keysAt(schema: z.ZodType, path: Path): readonly string[] {
  const map = schemaAt(schema, path);
  return map instanceof z.ZodObject ? Object.keys(map.shape) : [];
}

/** What the schema calls the value at a path, `quantity` for example; `null` where it has no name. */
export function titleAt(schema: z.ZodType, path: Path): string | null {
  return schemaAt(schema, path)?.meta()?.title ?? null;
}

function schemaAt(schema: z.ZodType, path: Path): z.ZodType | null {
  let inner: z.ZodType | null = unwrapped(schema);
  for (const part of path) inner = inner && childSchema(inner, part);
  return inner;
}

function childSchema(schema: z.ZodType, part: string | number): z.ZodType | null {
  if (schema instanceof z.ZodObject) {
    const field = (schema.shape as Record<string, z.ZodType>)[part];
    return field ? unwrapped(field) : null;
  }
  return schema instanceof z.ZodArray ? unwrapped(schema.element as z.ZodType) : null;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}
