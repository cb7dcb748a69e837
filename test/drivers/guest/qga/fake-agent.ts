import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Virsh } from '../../../../src/virsh/virsh.ts';
import { type GuestRoot, shells } from '../program/guest-root.ts';

/** libvirt with guest agents behind it: each guest is a folder in which what the host asks for is truly run. */
export interface FakeAgents {
  readonly virsh: Pick<Virsh, 'run'>;
  /** Every message so far: the guest and the agent command. */
  readonly messages: { readonly uuid: string; readonly execute: string; readonly text: string }[];
  /** Processes of virsh so far, each with the guests that it asked. */
  readonly processes: (readonly string[])[];
  /** What the next messages are answered with instead; `null` answers as usual. */
  interfere(answer: ((execute: string, uuid: string) => FakeAnswer | null) | null): void;
  /** How many guests were spoken to at once, at most. */
  busiest(): number;
}

/** libvirt's answer: an error's words, the reply's text, or something thrown by the executor. */
export type FakeAnswer = { readonly error: string } | { readonly reply: string } | { readonly throws: Error };

interface Process {
  exited: boolean;
  exitcode?: number;
  'out-data'?: string;
  'err-data'?: string;
}

/** Guests by UUID. */
export function fakeAgents(guests: Readonly<Record<string, GuestRoot>>): FakeAgents {
  const messages: { uuid: string; execute: string; text: string }[] = [];
  const processes = new Map<number, Process>();
  const virshes: (readonly string[])[] = [];
  let interference: ((execute: string, uuid: string) => FakeAnswer | null) | null = null;
  let atOnce = 0;
  let busiest = 0;

  const answer = (uuid: string, text: string): FakeAnswer => {
    const { execute, arguments: args = {} } = JSON.parse(text) as {
      execute: string;
      arguments?: Record<string, unknown>;
    };
    messages.push({ uuid, execute, text });
    const interfered = interference?.(execute, uuid);
    if (interfered) return interfered;
    const guest = guests[uuid];
    if (!guest) return { error: 'Guest agent is not responding: QEMU guest agent is not connected' };
    if (execute === 'guest-exec') return startProcess(guest, args);
    if (execute === 'guest-exec-status') return statusOf(Number(args['pid']));
    return (
      known[execute] ?? {
        error: `internal error: unable to execute QEMU agent command '${execute}': The command ${execute} has not been found`,
      }
    );
  };

  const startProcess = (guest: GuestRoot, args: Record<string, unknown>): FakeAnswer => {
    const path = String(args['path']);
    const inRoot = join(guest.root, path);
    if (!existsSync(path) && !existsSync(inRoot)) {
      return {
        error: `internal error: unable to execute QEMU agent command 'guest-exec': Guest agent command failed, error was 'Failed to execute child process “${path}” (No such file or directory)'`,
      };
    }
    const process: Process = { exited: false };
    const pid = processes.size + 100;
    processes.set(pid, process);
    const rooted = (word: string): string =>
      /^\/(usr\/local|var\/lib|proc)\//.test(word) ? join(guest.root, word) : word;
    const words = (args['arg'] as string[]).map(rooted);
    const shell = shells[0];
    const child = existsSync(inRoot)
      ? spawn(shell, [inRoot, ...words], { env: guest.env })
      : spawn(path, words, { env: guest.env });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (data: Buffer) => out.push(data));
    child.stderr.on('data', (data: Buffer) => err.push(data));
    child.stdin.on('error', () => undefined);
    child.stdin.end(Buffer.from(String(args['input-data'] ?? ''), 'base64'));
    child.on('close', (code) => {
      process.exitcode = code ?? 255;
      process['out-data'] = Buffer.concat(out).toString('base64');
      process['err-data'] = Buffer.concat(err).toString('base64');
      process.exited = true;
    });
    return reply({ pid });
  };

  const statusOf = (pid: number): FakeAnswer => {
    const process = processes.get(pid);
    if (!process)
      return {
        error: "internal error: unable to execute QEMU agent command 'guest-exec-status': Invalid parameter 'pid'",
      };
    if (process.exited) processes.set(pid, { exited: false });
    return reply(process);
  };

  const virsh: Pick<Virsh, 'run'> = {
    async run(commands, options) {
      atOnce += 1;
      busiest = Math.max(busiest, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      atOnce -= 1;
      virshes.push(commands.map(([, uuid = '']) => uuid));
      if (options.by !== 'input') throw new Error('messages to guests go by standard input');
      return commands.map((command) => {
        const [name, uuid = '', , , text = ''] = command;
        if (name !== 'qemu-agent-command') throw new Error(`unexpected ${name}`);
        const given = answer(uuid, text);
        if ('throws' in given) throw given.throws;
        return 'error' in given
          ? { ok: false, stdout: '', error: given.error }
          : { ok: true, stdout: given.reply, error: '' };
      });
    },
  };
  return {
    virsh,
    messages,
    processes: virshes,
    interfere: (next) => {
      interference = next;
    },
    busiest: () => busiest,
  };
}

export function reply(value: unknown): FakeAnswer {
  return { reply: JSON.stringify({ return: value }) };
}

/** `guest-info` of an agent that allows, or forbids, exec. */
export function guestInfo(enabled: boolean): FakeAnswer {
  return reply({
    version: '7.2.0',
    supported_commands: ['guest-exec', 'guest-exec-status', 'guest-ping'].map((name) => ({
      name,
      enabled: enabled || name === 'guest-ping',
      'success-response': true,
    })),
  });
}

const known: Readonly<Record<string, FakeAnswer>> = {
  'guest-info': guestInfo(true),
  'guest-get-osinfo': reply({ id: 'tiny', 'version-id': '1', 'kernel-release': '6.1' }),
  'guest-network-get-interfaces': reply([
    {
      name: 'lo',
      'hardware-address': '00:00:00:00:00:00',
      'ip-addresses': [{ 'ip-address-type': 'ipv4', 'ip-address': '127.0.0.1', prefix: 8 }],
    },
    {
      name: 'eth0',
      'hardware-address': '52:54:00:AA:BB:CC',
      'ip-addresses': [
        { 'ip-address-type': 'ipv4', 'ip-address': '192.168.122.5', prefix: 24 },
        { 'ip-address-type': 'ipv6', 'ip-address': 'fe80::1', prefix: 64 },
      ],
    },
    { name: 'eth1', 'hardware-address': '52:54:00:aa:bb:cd' },
  ]),
};
