import { KreError } from '../../../model/error.ts';
import type { HostNetwork } from '../../../model/observed.ts';
import type { VirshCommand } from '../../../virsh/batch.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { AddressActs, AddressEntry } from '../hypervisor.ts';
import { conflict } from './failures.ts';
import { parseNetwork } from './parse-network.ts';
import { buildXml } from './xml.ts';

const timeoutMs = 15_000;

/** One of the two places where a network keeps its entries. */
interface Side {
  readonly flag: '--live' | '--config';
  readonly reservations: HostNetwork['reservations'];
}

/** Promises as `AddressActs` states them. An active network is changed live and in its configuration, a stopped one only there. */
export function createAddressActs(virsh: Virsh): AddressActs {
  const sides = async (network: string): Promise<readonly Side[]> => {
    const commands: VirshCommand[] = [
      ['net-info', network],
      ['net-dumpxml', network],
      ['net-dumpxml', network, '--inactive'],
    ];
    const [info, live, config] = await virsh.run(commands, { timeoutMs });
    if (!info?.ok || !live?.ok || !config?.ok) throw networkFailed(network, info?.error || config?.error || '');
    const isActive = /^Active:\s+yes$/m.test(info.stdout);
    const kept: Side = { flag: '--config', reservations: parseNetwork(config.stdout, false).reservations };
    if (!isActive) return [kept];
    return [{ flag: '--live', reservations: parseNetwork(live.stdout, true).reservations }, kept];
  };
  const update = async (network: string, commands: readonly VirshCommand[]): Promise<void> => {
    const failed = (await virsh.run(commands, { timeoutMs })).find((result) => !result.ok);
    if (failed) throw networkFailed(network, failed.error);
  };
  return {
    reserveAddress: async (network, entry) => {
      const found = await sides(network);
      for (const { reservations } of found) assertFree(network, entry, reservations);
      const commands = found
        .filter(({ reservations }) => !reservations.some((held) => isSame(held, entry)))
        .flatMap(({ flag, reservations }) => [
          ...reservations
            .filter((held) => held.mac === entry.mac.toLowerCase())
            .map((held) => remove(network, flag, held)),
          add(network, flag, entry),
        ]);
      await update(network, commands);
    },
    releaseAddress: async (network, entry) => {
      const commands = (await sides(network))
        .filter(({ reservations }) => reservations.some((held) => isSame(held, entry)))
        .map(({ flag }) => remove(network, flag, entry));
      await update(network, commands);
    },
  };
}

type Held = Side['reservations'][number];

function add(network: string, flag: Side['flag'], { mac, machine, address }: AddressEntry): VirshCommand {
  const xml = buildXml({ host: { '@mac': mac, '@name': machine, '@ip': address } }).trim();
  return ['net-update', network, 'add-last', 'ip-dhcp-host', xml, flag];
}

/** Without the name, which somebody may have changed: MAC and address say which entry. */
function remove(network: string, flag: Side['flag'], { mac, address }: Pick<Held, 'mac' | 'address'>): VirshCommand {
  const xml = buildXml({ host: { '@mac': mac, '@ip': address } }).trim();
  return ['net-update', network, 'delete', 'ip-dhcp-host', xml, flag];
}

function isSame(held: Held, { mac, address }: AddressEntry): boolean {
  return held.mac === mac.toLowerCase() && held.address === address;
}

function assertFree(network: string, { machine, mac, address }: AddressEntry, reservations: readonly Held[]): void {
  const other = reservations.find((held) => held.address === address && held.mac !== mac.toLowerCase());
  if (!other) return;
  throw conflict(`${address} in the network ${network} is reserved for ${other.name ?? other.mac}, not for ${machine}`);
}

function networkFailed(network: string, detail: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `the addresses of the libvirt network ${network} could not be changed: ${detail || 'no answer'}`,
    hint: `See virsh net-dumpxml ${network}.`,
    disposition: 'retry',
  });
}
