import { expect, test } from 'vitest';
import { createHostReader } from '../../../../src/drivers/hypervisor/libvirt/host.ts';
import type { VirshResult } from '../../../../src/virsh/batch.ts';
import type { Virsh } from '../../../../src/virsh/virsh.ts';

const answers: readonly VirshResult[] = [
  'CPU model: x86_64\nCPU(s): 4\nMemory size: 4194304 KiB\n',
  'Using library: libvirt 9.0.0\nRunning hypervisor: QEMU 7.2.0\n',
  '<domainCapabilities><domain>qemu</domain></domainCapabilities>',
].map((stdout) => ({ ok: true, stdout, error: '' }));

test('facts that were forgotten while an inventory was under way are asked for again', async () => {
  const virsh: Pick<Virsh, 'run'> = { run: async () => answers };
  const reader = createHostReader(virsh as Virsh, async () => ({ kind: 'serves' }));
  reader.accept(answers);
  expect(reader.commands()).toEqual([]);
  reader.forget();
  await expect(reader.settle(false)).resolves.toMatchObject({ cpus: 4, acceleration: 'emulation' });
});
