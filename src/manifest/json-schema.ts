import * as z from 'zod';
import type { Kind } from '../model/manifest.ts';
import { agentSchema } from './agent-schema.ts';
import { KINDS } from './kinds.ts';

/** A JSON Schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Draft-07, which yaml-language-server and its relatives read best. */
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

/** JSON Schema of one kind's whole document. */
export function kindSchema(kind: Kind): JsonSchema {
  return { $schema: DRAFT_07, title: kind, ...body(kind) };
}

/** JSON Schema of any manifest: one of the kinds. Editors hold each document of a file against it. */
export function manifestSchema(): JsonSchema {
  const kinds = Object.keys(KINDS) as Kind[];
  return {
    $schema: DRAFT_07,
    title: 'kreconcile manifest',
    description: 'Desired state of a libvirt host: one document of one kind.',
    oneOf: kinds.map((kind) => ({ title: kind, ...body(kind) })),
  };
}

/** JSON Schema of the agent's configuration. */
export function configSchema(): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(agentSchema, { target: 'draft-7', io: 'input' });
  return { $schema: DRAFT_07, title: 'agent.yaml', description: "Configuration of kreconcile's agent.", ...schema };
}

/** File name of each schema, below `schema/`. */
export function schemaFiles(): readonly { readonly name: string; readonly schema: JsonSchema }[] {
  const kinds = Object.keys(KINDS) as Kind[];
  return [
    { name: 'kreconcile.schema.json', schema: manifestSchema() },
    { name: 'agent.schema.json', schema: configSchema() },
    ...kinds.map((kind) => ({ name: `${fileStem(kind)}.schema.json`, schema: kindSchema(kind) })),
  ];
}

function fileStem(kind: Kind): string {
  return kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}

function body(kind: Kind): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(KINDS[kind].schema, { target: 'draft-7', io: 'input' });
  return schema;
}
