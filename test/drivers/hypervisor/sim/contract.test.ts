import type { DesiredImage } from '../../../../src/model/desired.ts';
import { addForeignDomain } from '../../../../src/sim/outside.ts';
import { makeBench, owner, until } from '../../../sim/fixtures.ts';
import { hypervisorContract } from '../contract.ts';

function imageNamed(name: string, digit: string): DesiredImage {
  return {
    name,
    digest: `sha256:${digit.repeat(64)}`,
    os: 'debian',
    version: '13',
    arch: 'x86_64',
    format: 'qcow2',
    urls: [`https://images.example/${name}.qcow2`],
  };
}

hypervisorContract('sim', async () => {
  const bench = await makeBench();
  const missingImage = imageNamed('missing', 'b');
  const forgedImage = imageNamed('forged', 'c');
  await bench.world.change(({ state }) => {
    state.faults.push(
      { on: 'imageDownload', machine: missingImage.digest, kind: 'fail', message: '404 Not Found' },
      { on: 'imageDownload', machine: forgedImage.digest, kind: 'fail', message: 'the checksum differs' },
    );
  });
  return {
    driver: bench.hypervisor,
    owner,
    network: 'default',
    freeAddresses: ['127.77.9.1', '127.77.9.2'],
    image: imageNamed('debian', 'a'),
    missingImage,
    forgedImage,
    cpuMode: 'host-passthrough',
    addForeign: (name, kind) => addForeignDomain(bench.world, name, kind === 'unmarked' ? {} : { owner: 'somebody' }),
    until: (what, condition) => until(bench, what, condition),
    dispose: () => Promise.resolve(),
  };
});
