import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../src/model/defaults.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { desire } from '../../src/reconcile/desire.ts';
import { options, recipes } from '../reconcile/manifests.ts';
import { cluster, document, image, load, machine, machineClass, setOf } from './documents.ts';

const spelledOut = {
  network: DEFAULTS.network,
  podCIDR: DEFAULTS.podCIDR,
  serviceCIDR: DEFAULTS.serviceCIDR,
  cni: { plugin: DEFAULTS.cniPlugin },
  upgrade: { maxUnavailable: DEFAULTS.maxUnavailable },
  backup: DEFAULTS.backup,
};
const policies = {
  powerState: DEFAULTS.powerState,
  suspend: DEFAULTS.suspend,
  prune: { mode: DEFAULTS.pruneMode },
  deletionPolicy: DEFAULTS.deletionPolicy,
  timeouts: DEFAULTS.timeouts,
};

/** A value as lines of a spec; JSON is YAML. */
const lines = (fields: object) => Object.entries(fields).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);

function desired(...documents: readonly string[]) {
  const { manifests } = setOf(load(...documents));
  const made = desire({ revision: 'r1', files: {}, manifests: manifests as readonly Manifest[] }, recipes, options);
  // The digest that a skipped guard names is of what is written, not of what it comes to.
  return { ...made, machines: made.machines.map(({ skips: _, ...machine }) => machine) };
}

describe('defaults', () => {
  it('that the documentation prints are those that are filled in', () => {
    const kinds = { arch: DEFAULTS.arch, format: DEFAULTS.imageFormat };
    const sizes = { cpuMode: DEFAULTS.cpuMode, firmware: DEFAULTS.firmware };
    const explicit = desired(
      image +
        lines(kinds)
          .map((line) => `  ${line}\n`)
          .join(''),
      machineClass +
        lines(sizes)
          .map((line) => `  ${line}\n`)
          .join(''),
      cluster('dev', ...lines({ ...spelledOut, ...policies })),
      machine('box', ...lines({ network: DEFAULTS.network, guestAgent: DEFAULTS.guestAgent, ...policies })),
    );
    expect(desired(image, machineClass, cluster('dev'), machine('box'))).toEqual(explicit);
  });

  it('give every node a state disk, and a Machine none', () => {
    const withDisk = document('MachineClass', 'small', [
      'cpus: 2',
      'memory: 4Gi',
      'disk: 40Gi',
      `stateDisk: ${DEFAULTS.stateDisk}`,
    ]);
    const disk = (text: string) =>
      desired(image, text, cluster('dev'), machine('box')).machines.map(({ name, spec }) => [name, spec.stateDiskMiB]);
    expect(disk(machineClass)).toEqual([['box', null], disk(withDisk)[1]]);
  });
});
