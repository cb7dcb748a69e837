import { describe, expect, it } from 'vitest';
import {
  configSchema,
  type JsonSchema,
  kindSchema,
  manifestSchema,
  schemaFiles,
} from '../../src/manifest/json-schema.ts';
import { KINDS } from '../../src/manifest/kinds.ts';
import type { Kind } from '../../src/model/manifest.ts';

const kinds = Object.keys(KINDS) as Kind[];

/** Paths of fields that an editor could say nothing about. */
function undescribed(schema: JsonSchema, path: string): string[] {
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const own = Object.entries(properties).flatMap(([key, field]) => [
    ...(field['description'] ? [] : [`${path}.${key}`]),
    ...undescribed(field, `${path}.${key}`),
  ]);
  const items = schema['items'] as JsonSchema | undefined;
  return items ? [...own, ...undescribed(items, `${path}[]`)] : own;
}

describe('the JSON Schema', () => {
  it.each(kinds)('of %s describes every field', (kind) => expect(undescribed(kindSchema(kind), kind)).toEqual([]));

  it.each(kinds)('of %s refuses unknown keys, as validation does', (kind) => {
    const { additionalProperties, properties } = kindSchema(kind) as {
      additionalProperties: unknown;
      properties: Record<string, JsonSchema>;
    };
    expect(additionalProperties).toBe(false);
    expect(properties['spec']?.['additionalProperties']).toBe(false);
  });

  it("of the agent's configuration describes every field", () => {
    expect(undescribed(configSchema(), 'agent')).toEqual([]);
    expect(configSchema()['additionalProperties']).toBe(false);
  });

  it('of a manifest is one of the kinds, told apart by kind', () => {
    const { oneOf } = manifestSchema() as { oneOf: { properties: { kind: { const: string } } }[] };
    expect(oneOf.map(({ properties }) => properties.kind.const)).toEqual(kinds);
  });

  it('is written for a draft that editors know, with a file for each kind', () => {
    expect(schemaFiles().map(({ name }) => name)).toContain('machine-class.schema.json');
    for (const { schema } of schemaFiles()) expect(schema['$schema']).toContain('draft-07');
  });
});
