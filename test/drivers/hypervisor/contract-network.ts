import { describe, expect, test } from 'vitest';
import type { HostNetwork } from '../../../src/model/observed.ts';
import type { HypervisorWorld } from './contract-world.ts';

const first = { machine: 'ct-net-1', mac: '52:54:00:0a:0b:01' };
const second = { machine: 'ct-net-2', mac: '52:54:00:0a:0b:02' };

/** Networks and the addresses reserved in them. */
export function networkContract(world: () => HypervisorWorld): void {
  const network = async (): Promise<HostNetwork> => {
    const { networks } = await world().driver.inventory();
    const found = networks.find((candidate) => candidate.kind === 'network' && candidate.name === world().network);
    if (!found) throw new Error(`network ${world().network} is not in the inventory`);
    return found;
  };

  describe('networks', () => {
    test('the network is active and tells its DHCP range', async () => {
      const found = await network();
      expect(found.active).toBe(true);
      expect(found.dhcp).toMatchObject({ start: expect.any(String), end: expect.any(String) });
      expect(found.dhcp?.gateway).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(found.dhcp?.prefix).toBeGreaterThan(0);
    });

    test('an address is reserved once, whoever asks again', async () => {
      const entry = { ...first, address: world().freeAddresses[0] };
      await world().driver.reserveAddress(world().network, entry);
      await world().driver.reserveAddress(world().network, entry);
      const ours = (await network()).reservations.filter((reservation) => reservation.mac === entry.mac);
      expect(ours).toEqual([{ mac: entry.mac, address: entry.address, name: entry.machine }]);
    });

    test('an address that another machine holds is a conflict and stays with it', async () => {
      const stolen = { ...second, address: world().freeAddresses[0] };
      await expect(world().driver.reserveAddress(world().network, stolen)).rejects.toMatchObject({
        code: 'DomainConflict',
      });
      await world().driver.releaseAddress(world().network, stolen);
      const holders = (await network()).reservations.filter((reservation) => reservation.address === stolen.address);
      expect(holders.map((holder) => holder.mac)).toEqual([first.mac]);
    });

    test('releasing takes away exactly that entry, and asking again changes nothing', async () => {
      const [one, other] = world().freeAddresses;
      await world().driver.reserveAddress(world().network, { ...second, address: other });
      await world().driver.releaseAddress(world().network, { ...first, address: one });
      await world().driver.releaseAddress(world().network, { ...first, address: one });
      const left = (await network()).reservations.map((reservation) => reservation.mac);
      expect(left).toContain(second.mac);
      expect(left).not.toContain(first.mac);
      await world().driver.releaseAddress(world().network, { ...second, address: other });
    });
  });
}
