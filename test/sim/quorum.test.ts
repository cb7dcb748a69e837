import { expect, it } from 'vitest';
import { type Bench, makeBench, type Node, nodeNamed, operate, settle, startNode } from './fixtures.ts';

/** Three control planes: the first makes the cluster, the others join it one after the other. */
async function startThree(bench: Bench): Promise<readonly [Node, Node, Node]> {
  const nodes = [nodeNamed('dev-cp-1'), joining('dev-cp-2'), joining('dev-cp-3')] as const;
  for (const node of nodes) {
    await startNode(bench, node);
    await settle(bench);
    if (node === nodes[0]) continue;
    expect(await kubernetesOf(bench, node)).toMatchObject({ phase: 'installed', apiReady: false });
    const { token = '' } = await bench.guest.call(nodes[0].ref, 'join-info', { node: node.ref.name });
    expect(await operate(bench, node, 'join', { token })).toMatchObject({ state: 'succeeded' });
  }
  return nodes;
}

function joining(name: string): Node {
  const node = nodeNamed(name);
  const settings = "STATE_NEW='1'\\nJOINS='1'\\n";
  const userData = `write_files:\n- {path: /etc/kreconcile/node.env, content: "${settings}"}\n`;
  const seed = { ...node.disks.seed, userData };
  return { ...node, disks: { ...node.disks, seed } };
}

const kubernetesOf = async (bench: Bench, node: Node) => (await bench.guest.status(node.ref)).kubernetes;

it('the API serves as long as a majority of the members does, and again when one is back', async () => {
  const bench = await makeBench();
  const [first, second, third] = await startThree(bench);
  const serves = async () => [
    (await kubernetesOf(bench, second))?.apiReady,
    (await kubernetesOf(bench, second))?.nodesTotal,
  ];
  await bench.hypervisor.powerOff(third.ref);
  await settle(bench);
  expect(await serves()).toEqual([true, 3]);
  await bench.hypervisor.powerOff(first.ref);
  await settle(bench);
  expect(await serves()).toEqual([false, 0]);
  await expect(bench.guest.call(second.ref, 'join-info', {})).rejects.toMatchObject({ code: 'GuestOperation' });
  await bench.hypervisor.start(first.ref);
  await settle(bench);
  expect(await serves()).toEqual([true, 3]);
});

it('a member that was taken out serves nobody any more, not after a restart either', async () => {
  const bench = await makeBench();
  const [first, second, third] = await startThree(bench);
  await bench.guest.call(first.ref, 'remove-node', { node: 'dev-cp-3' });
  await bench.hypervisor.powerOff(third.ref);
  await bench.hypervisor.start(third.ref);
  await settle(bench);
  expect((await kubernetesOf(bench, third))?.apiReady).toBe(false);
  expect((await kubernetesOf(bench, second))?.nodes.map(({ name }) => name)).toEqual(['dev-cp-1', 'dev-cp-2']);
});
