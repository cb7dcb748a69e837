import * as z from 'zod';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';
import { type Agent, AgentError } from './agent.ts';
import { badReply, forbidden, programMissing, unavailable } from './failures.ts';
import { createPatience, eagerPolls } from './patience.ts';

/** One program run in a guest. */
export interface GuestExec {
  readonly path: string;
  readonly args: readonly string[];
  /** Goes to its standard input; at most 96 KiB. */
  readonly input?: Uint8Array;
  /** From start to end; then `GuestUnavailable`, while the program may go on. */
  readonly timeoutMs: number;
  /** More output than this is `GuestReply`. */
  readonly maxOutputBytes: number;
  /**
   * Changes nothing and may be run twice: asked together with other guests, in as few processes as possible, and looked after when it
   * should have ended.
   */
  readonly isReading?: boolean;
}

export interface GuestExecResult {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

export interface Waiting {
  now(): number;
  sleep(ms: number): Promise<void>;
}

const started = z.object({ pid: z.number().int() });
const ended = z.object({
  exited: z.boolean(),
  exitcode: z.number().int().optional(),
  'out-data': z.string().optional(),
  'err-data': z.string().optional(),
  'out-truncated': z.boolean().optional(),
});
const info = z.object({
  supported_commands: z.array(z.object({ name: z.string(), enabled: z.boolean() })),
});

/** Runs programs in guests. Whether exec is allowed is asked once per connection: until a call finds the guest away. */
export function createExec(agent: Agent, waiting: Waiting) {
  const allowed = new Map<string, boolean>();
  const patience = createPatience(waiting);

  const probe = async (machine: MachineRef): Promise<void> => {
    if (!allowed.has(machine.uuid)) {
      const parsed = info.safeParse(await agent.ask(machine, 'guest-info'));
      allowed.set(machine.uuid, allowsExec(machine, parsed.data));
    }
    if (!allowed.get(machine.uuid)) {
      // Somebody may allow it at any time, and then restarts the agent.
      allowed.delete(machine.uuid);
      throw forbidden(machine.name);
    }
  };

  const run = async (machine: MachineRef, request: GuestExec): Promise<GuestExecResult> => {
    const how = request.isReading ? 'gathered' : 'alone';
    const startedAtMs = waiting.now();
    const ask = (command: string, args: Readonly<Record<string, unknown>>) => agent.ask(machine, command, args, how);
    const start = started.safeParse(
      await ask('guest-exec', {
        path: request.path,
        arg: request.args,
        'capture-output': true,
        ...(request.input ? { 'input-data': Buffer.from(request.input).toString('base64') } : {}),
      }),
    );
    if (!start.success) throw badReply(machine.name, 'no process id');
    let polls = 1;
    for (const pollMs of request.isReading ? patience.readingPolls(machine.uuid) : eagerPolls()) {
      await waiting.sleep(pollMs);
      const status = ended.safeParse(await ask('guest-exec-status', { pid: start.data.pid }));
      if (!status.success) throw badReply(machine.name, 'no state of a process');
      if (status.data.exited) {
        if (request.isReading) patience.learn(machine.uuid, polls, waiting.now() - startedAtMs);
        return resultOf(machine, status.data, request.maxOutputBytes);
      }
      if (waiting.now() > startedAtMs + request.timeoutMs) break;
      polls += 1;
    }
    throw unavailable(machine.name, `${request.path} did not end in ${request.timeoutMs / 1000} s`);
  };

  return {
    /** Rejects with `GuestForbidden`, `GuestUnavailable` (also when there is no such program), `GuestReply`. */
    async run(machine: MachineRef, request: GuestExec): Promise<GuestExecResult> {
      try {
        await probe(machine);
        return await run(machine, request);
      } catch (thrown) {
        if (!(thrown instanceof AgentError)) throw thrown;
        if (thrown.kind === 'no-program') throw new AgentError('no-program', programMissing(machine.name));
        allowed.delete(machine.uuid);
        throw thrown;
      }
    },
  };
}

export type Exec = ReturnType<typeof createExec>;

function allowsExec(machine: MachineRef, data: z.infer<typeof info> | undefined): boolean {
  if (!data) throw badReply(machine.name, 'no list of commands');
  const enabled = data.supported_commands.filter((command) => command.enabled).map(({ name }) => name);
  return enabled.includes('guest-exec') && enabled.includes('guest-exec-status');
}

function resultOf(machine: MachineRef, data: z.infer<typeof ended>, maxOutputBytes: number): GuestExecResult {
  const stdout = Buffer.from(data['out-data'] ?? '', 'base64');
  if (data['out-truncated'] || stdout.length > maxOutputBytes) {
    throw badReply(machine.name, `more than ${Math.round(maxOutputBytes / 1024)} KiB`);
  }
  return {
    // Killed by a signal: no exit code.
    exitCode: data.exitcode ?? 255,
    stdout,
    stderr: Buffer.from(data['err-data'] ?? '', 'base64')
      .toString('utf8')
      .slice(-4096),
  };
}
