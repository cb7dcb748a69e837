import { expect } from 'vitest';
import type { Distribution, NodeContext } from '../../../src/drivers/distribution/distribution.ts';

/** Everything that first boot gets of a distribution, as one readable text beside the tests. */
export async function expectGolden(name: string, distribution: Distribution, node: NodeContext): Promise<void> {
  const settings = Object.entries(distribution.settings(node))
    .map(([key, value]) => `${key}='${value}'`)
    .join('\n');
  const secrets = Object.fromEntries(distribution.secrets.map((request) => [request.name, `<${request.name}>`]));
  const files = distribution
    .firstBootFiles(node, secrets)
    .map((file) => `==== ${file.path} ${file.permissions}${file.secret ? ' secret' : ''}\n${file.content}`);
  await expect([`==== settings\n${settings}\n`, ...files].join('\n')).toMatchFileSnapshot(`golden/${name}.txt`);
}
