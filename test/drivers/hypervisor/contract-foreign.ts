import { describe, expect, test } from 'vitest';
import type { MachineRef } from '../../../src/drivers/hypervisor/hypervisor.ts';
import { contractMachine, contractSeed } from './contract-machine.ts';
import { findDomain, type HypervisorWorld, readDomain } from './contract-world.ts';

/** Every act there is, aimed at one machine. */
function everyAct(world: HypervisorWorld, ref: MachineRef): Record<string, () => Promise<void>> {
  const { driver } = world;
  const { definition } = contractMachine(world, ref.name);
  return {
    define: () => driver.define({ ...definition, machine: ref }),
    start: () => driver.start(ref),
    shutdown: () => driver.shutdown(ref, 'acpi'),
    powerOff: () => driver.powerOff(ref),
    reset: () => driver.reset(ref),
    resume: () => driver.resume(ref),
    setAutostart: () => driver.setAutostart(ref, true),
    updateLive: () => driver.updateLive(ref, { cpus: 4, diskMiB: null, stateDiskMiB: null }),
    writeMark: () => driver.writeMark(ref, definition.mark),
    replaceSeed: () => driver.replaceSeed(ref, 1, contractSeed(ref.name, 'theirs')),
    copyState: () => driver.copyState(ref, 1),
    restoreState: () => driver.restoreState(ref, 1),
    dropGeneration: () => driver.dropGeneration(ref, 1),
    deleteMachine: () => driver.deleteMachine(ref, 'Delete'),
  };
}

/** Domains of others are seen and never touched. */
export function foreignContract(world: () => HypervisorWorld): void {
  describe('domains that are not ours', () => {
    test.each(['unmarked', 'other-owner'] as const)(
      'an %s domain is seen, and every act on it is a conflict',
      async (kind) => {
        const ref = await world().addForeign(`ct-theirs-${kind}`, kind);
        const before = await readDomain(world().driver, ref.uuid);
        if (kind === 'unmarked') expect(before.mark).toBeNull();
        else expect(before.mark).toMatchObject({ owner: expect.not.stringMatching(`^${world().owner}$`) });
        for (const [name, act] of Object.entries(everyAct(world(), ref))) {
          await expect(act(), name).rejects.toMatchObject({ code: 'DomainConflict' });
        }
        expect(await readDomain(world().driver, ref.uuid)).toEqual(before);
      },
    );

    test('a foreign domain with the name that a machine needs is a conflict', async () => {
      const theirs = await world().addForeign('ct-taken', 'unmarked');
      const { ref, disks, definition } = contractMachine(world(), 'ct-taken');
      await expect(world().driver.prepareDisks(disks)).rejects.toMatchObject({ code: 'DomainConflict' });
      await expect(world().driver.define(definition)).rejects.toMatchObject({ code: 'DomainConflict' });
      expect(await findDomain(world().driver, ref.uuid)).toBeUndefined();
      expect(await readDomain(world().driver, theirs.uuid)).toMatchObject({ name: 'ct-taken', mark: null });
    });
  });
}
