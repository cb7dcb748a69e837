import type { DefineRequest, DiskRequest } from '../../../../src/drivers/hypervisor/hypervisor.ts';
import type { Mark } from '../../../../src/model/mark.ts';
import { appliedSpec } from '../../applied-spec.ts';
import { fakeOwner } from './fake-libvirt.ts';

export const ref = { name: 'dev-cp-1', uuid: '0b9e1c9e-54d4-5f47-8a3c-3c7a2f4c1d11' };
export const digest = appliedSpec().image.digest;

export function mark(change: Partial<Mark> = {}, spec: Partial<Mark['spec']> = {}): Mark {
  return {
    schema: 1,
    owner: fakeOwner,
    object: { kind: 'Cluster', name: 'dev' },
    machine: ref.name,
    spec: appliedSpec(spec),
    address: '192.168.122.41',
    generation: 1,
    previousGeneration: null,
    provenAtMs: null,
    quarantined: [],
    prune: 'Confirm',
    deletionPolicy: 'Retain',
    revision: 'abc',
    ...change,
  };
}

export const disks: DiskRequest = {
  machine: ref,
  generation: 1,
  image: { digest, format: 'qcow2' },
  diskMiB: 40_960,
  stateDisk: { sizeMiB: 20_480, serial: 'state-1' },
  seed: { userData: '#cloud-config\n', metaData: 'instance-id: a\n', networkConfig: 'version: 2\n' },
};

export const definition: DefineRequest = {
  machine: ref,
  mac: '52:54:00:12:34:56',
  mark: mark(),
  stateDiskSerial: 'state-1',
};
