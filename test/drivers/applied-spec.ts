import type { AppliedSpec } from '../../src/model/spec.ts';

/** A machine of two cores as the drivers' tests render and define it. */
export function appliedSpec(change: Partial<AppliedSpec> = {}): AppliedSpec {
  return {
    image: { digest: `sha256:${'a'.repeat(64)}`, os: 'debian', version: '13', arch: 'x86_64', format: 'qcow2' },
    cpus: 2,
    memoryMiB: 4096,
    diskMiB: 40_960,
    stateDiskMiB: 20_480,
    cpuMode: 'host-passthrough',
    firmware: 'bios',
    network: { name: 'default', attach: { kind: 'network', name: 'default' }, addressing: null },
    address: null,
    access: { user: null, sshAuthorizedKeys: [] },
    userDataDigest: null,
    kubernetes: null,
    ...change,
  };
}
