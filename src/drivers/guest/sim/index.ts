import { KreError } from '../../../model/error.ts';
import type { SimHand } from '../../../sim/hand.ts';
import type { InstalledRoot, SimDomain, SimRun } from '../../../sim/state.ts';
import type { SimAct, SimWorld } from '../../../sim/world.ts';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';
import type { Guest } from '../guest.ts';
import { readKubeconfig } from './kubeconfig.ts';

const backupChunkBytes = 96 * 1024;

/** A guest that can be spoken to. */
export interface AnsweringGuest {
  readonly domain: SimDomain;
  readonly run: SimRun;
}

/** The guest role over a simulated world. */
export function createSimGuest(world: SimWorld): Guest {
  return {
    async status(machine) {
      const kubeconfig = await readKubeconfig(world, machine);
      return world.read(actOf('status', machine), (hand) => {
        const { domain, run } = answering(hand, machine);
        return hand.guestStatus(domain, run, kubeconfig?.digest ?? null);
      });
    },
    startOperation: (machine, operation) =>
      world.act(actOf('startOperation', machine, operation.verb, operation.input['node']), (hand) => {
        const { domain } = answering(hand, machine);
        hand.beginOperation(domain, installed(hand, domain), operation);
      }),
    async call(machine, verb, input) {
      if (verb !== 'kubeconfig') {
        return world.act(actOf('call', machine, verb, input['node']), (hand) =>
          hand.callGuest(answering(hand, machine).domain, verb, input),
        );
      }
      await world.read(actOf('call', machine, verb), (hand) => answering(hand, machine));
      const kubeconfig = await readKubeconfig(world, machine);
      if (!kubeconfig) throw refused(`${machine.name} is not a control plane of a cluster`);
      return { kubeconfig: Buffer.from(kubeconfig.text).toString('base64') };
    },
    readBackup: (machine, operation, offset) =>
      world.read(actOf('readBackup', machine), (hand) => {
        const text = installed(hand, answering(hand, machine).domain).backups[operation];
        if (text === undefined) throw refused(`${machine.name} has no backup of operation ${operation}`);
        return Buffer.from(text, 'latin1').subarray(offset, offset + backupChunkBytes);
      }),
    writeBackup: (machine, operation, offset, bytes) =>
      world.act(actOf('writeBackup', machine), (hand) => {
        const root = installed(hand, answering(hand, machine).domain);
        const before = offset === 0 ? '' : (root.backups[operation] ?? '');
        if (offset > before.length)
          throw refused(`${machine.name} has not got what comes before this piece of ${operation}`);
        const written = before.slice(0, offset) + Buffer.from(bytes).toString('latin1');
        root.backups = { ...root.backups, [operation]: written };
      }),
    installProgram: (machine, program) =>
      world.act(actOf('installProgram', machine), (hand) => {
        installed(hand, answering(hand, machine).domain).program = hand.programDigest(program);
      }),
  };
}

function actOf(name: string, machine: MachineRef, verb?: string, node?: string): SimAct {
  const about = node === undefined ? {} : { node };
  return { role: 'guest', name, machine: machine.name, ...(verb === undefined ? {} : { verb }), ...about };
}

function answering(hand: SimHand, machine: MachineRef): AnsweringGuest {
  const domain = hand.state.domains[machine.uuid];
  const run = domain?.run ?? null;
  if (domain && run?.agentConnected && domain.state === 'running' && !run.isHung) return { domain, run };
  if (run?.isHung)
    throw new KreError({
      code: 'GuestUnavailable',
      message: `the guest of ${machine.name} does not answer in time`,
      hint: 'See its console.',
      disposition: 'retry',
    });
  throw new KreError({
    code: 'GuestUnavailable',
    message: `the guest agent of ${machine.name} is not connected (${domain ? domain.state : 'no such domain'})`,
    hint: 'It connects once the machine has booted; see its console if it does not.',
    disposition: 'retry',
  });
}

function installed(hand: SimHand, domain: SimDomain): InstalledRoot {
  const root = hand.installedOf(domain);
  if (root) return root;
  throw refused(`${domain.name} has no in-guest program`);
}

function refused(message: string): KreError {
  return new KreError({
    code: 'GuestOperation',
    message,
    hint: 'See what the guest reports with `kreconcile status`.',
    disposition: 'retry',
  });
}
