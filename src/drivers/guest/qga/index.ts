import type { GuestStatus } from '../../../model/guest-status.ts';
import type { Clock } from '../../../model/ports.ts';
import type { Virsh } from '../../../virsh/virsh.ts';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';
import type { Guest } from '../guest.ts';
import { type Agent, AgentError, createAgent, plainError } from './agent.ts';
import { createExec, type Exec, type GuestExecResult } from './exec.ts';
import { refused } from './failures.ts';
import { createBreaker, createLanes } from './lanes.ts';
import { createPost } from './post.ts';
import {
  decodeAnswer,
  encodeInput,
  programPath,
  readBackupPiece,
  readBootId,
  writeBackupPiece,
  writeProgram,
} from './program.ts';
import { readBareStatus, readStatus } from './reading.ts';

export interface QgaSettings {
  readonly virsh: Pick<Virsh, 'run'>;
  readonly clock: Clock;
  /** Between two polls; tests hand in their own. */
  readonly sleep?: (ms: number) => Promise<void>;
}

const guestsAtOnce = 8;
const maxStatusBytes = 64 * 1024;
const maxAnswerBytes = 64 * 1024;
/** status bounds itself at about 36 s, which an emulated guest under load comes near; a call's API requests at 10 s each, of which it makes two. */
const statusTimeoutMs = 45_000;
const callTimeoutMs = 30_000;

/** The guest role over the QEMU guest agent, spoken to through libvirt: needs nothing of the guest's network. */
export function createQga(settings: QgaSettings): Guest {
  const { virsh, clock, sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms)) } = settings;
  const lanes = createLanes(guestsAtOnce);
  const agent = createAgent(createPost(virsh, sleep), createBreaker(clock));
  const exec = createExec(agent, { now: () => clock.now(), sleep });

  /** In turn, and with nothing but `KreError` coming out. */
  const inTurn = <T>(machine: MachineRef, act: () => Promise<T>): Promise<T> =>
    lanes.take(machine.uuid, () => act().catch((thrown: unknown) => Promise.reject(plainError(thrown))));

  return {
    status: (machine) => inTurn(machine, () => status(agent, exec, machine)),
    startOperation: (machine, { id, verb, input }) =>
      inTurn(machine, async () => {
        const args = ['start', verb, id];
        mustSucceed(machine, verb, await exec.run(machine, programRun(args, callTimeoutMs, maxAnswerBytes, input)));
      }),
    call: (machine, verb, input) =>
      inTurn(machine, async () => {
        const result = await exec.run(machine, programRun(['call', verb], callTimeoutMs, maxAnswerBytes, input));
        mustSucceed(machine, verb, result);
        return decodeAnswer(machine.name, result.stdout);
      }),
    readBackup: (machine, operation, offset) =>
      inTurn(machine, () => readBackupPiece(exec, machine, operation, offset)),
    writeBackup: (machine, operation, offset, bytes) =>
      inTurn(machine, () => writeBackupPiece(exec, machine, operation, offset, bytes)),
    installProgram: (machine, program) => inTurn(machine, () => writeProgram(exec, machine, program)),
  };
}

function programRun(
  args: readonly string[],
  timeoutMs: number,
  maxOutputBytes: number,
  input: Readonly<Record<string, string>> = {},
) {
  // An old agent takes an empty text for bad base64.
  const given = Object.keys(input).length === 0 ? {} : { input: encodeInput(input) };
  return { path: programPath, args, timeoutMs, maxOutputBytes, ...given };
}

function mustSucceed(machine: MachineRef, verb: string, result: GuestExecResult): void {
  if (result.exitCode === 0) return;
  const lastLine = result.stderr.trim().split('\n').at(-1) ?? '';
  throw refused(machine.name, verb, lastLine.replace(/^kreconcile: /, ''));
}

async function status(agent: Agent, exec: Exec, machine: MachineRef): Promise<GuestStatus> {
  try {
    const result = await exec.run(machine, {
      ...programRun(['status'], statusTimeoutMs, maxStatusBytes),
      isReading: true,
    });
    mustSucceed(machine, 'status', result);
    return readStatus(machine.name, result.stdout);
  } catch (thrown) {
    if (thrown instanceof AgentError && thrown.kind === 'no-program') return bareStatus(agent, exec, machine);
    throw thrown;
  }
}

/** A guest without the program is told of as far as its agent can; a command that an old agent lacks leaves its part out. */
async function bareStatus(agent: Agent, exec: Exec, machine: MachineRef): Promise<GuestStatus> {
  const ask = (command: string): Promise<unknown> =>
    agent.ask(machine, command).catch((thrown: unknown) => {
      if (thrown instanceof AgentError && (thrown.kind === 'forbidden' || thrown.kind === 'other')) return null;
      throw thrown;
    });
  const osInfo = await ask('guest-get-osinfo');
  const hostName = await ask('guest-get-host-name');
  const interfaces = await ask('guest-network-get-interfaces');
  const { stdout } = await exec.run(machine, readBootId);
  return readBareStatus({ osInfo, hostName, interfaces, bootId: Buffer.from(stdout).toString('utf8') });
}
