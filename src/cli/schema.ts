import { configSchema, kindSchema, manifestSchema } from '../manifest/json-schema.ts';
import { isKind, KINDS } from '../manifest/kinds.ts';
import { KreError } from '../model/error.ts';
import type { Run } from './command.ts';
import { EXIT } from './exit-code.ts';
import { documentText } from './view/document.ts';

const AGENT = 'agent';

/** `kreconcile schema [kind]`: the JSON Schema of one kind, of any manifest, or (`agent`) of the agent's configuration. */
export const run: Run = async ({ context, options, args }) => {
  const [kind] = args;
  if (kind !== undefined && kind !== AGENT && !isKind(kind)) {
    throw new KreError({
      code: 'Usage',
      message: `there is no kind ${kind}`,
      hint: `One of: ${Object.keys(KINDS).join(', ')}; or ${AGENT}, for agent.yaml.`,
      disposition: 'stalled',
    });
  }
  const schema = kind === undefined ? manifestSchema() : kind === AGENT ? configSchema() : kindSchema(kind);
  context.terminal.out(documentText(schema, options.output === 'yaml' ? 'yaml' : 'json'));
  return EXIT.done;
};
