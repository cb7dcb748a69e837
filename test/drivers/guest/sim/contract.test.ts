import { makeBench, nodeNamed, settle, startCluster, startNode, until } from '../../../sim/fixtures.ts';
import { guestContract } from '../contract.ts';

guestContract('sim', async () => {
  const bench = await makeBench({ credentials: 'certificates' });
  const controlPlane = await startCluster(bench);
  const machine = nodeNamed('web', null);
  await startNode(bench, machine);
  const stopped = nodeNamed('idle', null);
  await bench.hypervisor.prepareDisks(stopped.disks);
  await bench.hypervisor.define(stopped.definition);
  await settle(bench);
  return {
    driver: bench.guest,
    machine: machine.ref,
    stopped: stopped.ref,
    controlPlane: { machine: controlPlane.ref, node: 'dev-cp-1' },
    program: '#!/bin/sh\n# contract\n',
    until: (what, condition) => until(bench, what, condition),
    dispose: () => Promise.resolve(),
  };
});
