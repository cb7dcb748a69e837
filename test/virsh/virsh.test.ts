import { describe, expect, test } from 'vitest';
import { KreError } from '../../src/model/error.ts';
import type { Exec, ExecRequest } from '../../src/model/ports.ts';
import { createVirsh } from '../../src/virsh/virsh.ts';
import { fakeVirsh, quietLog, VirshComplaint } from './fake-virsh.ts';

const uri = 'qemu:///system';

function answering(words: readonly string[]): string {
  if (words[1] === 'gone') throw new VirshComplaint("failed to get domain 'gone'");
  if (words[0] === 'silent') return '';
  return `<${words.join('|')}>\nsecond line\n`;
}

function execGiving(stdout: string, stderr: string, exitCode = 1): Exec {
  return { ...fakeVirsh(answering).exec, run: async () => ({ exitCode, stdout, stderr }) };
}

describe('a batch of virsh commands', () => {
  test.each(['arguments', 'input'] as const)(
    'by %s gives each command its own output and its own error',
    async (by) => {
      const { exec, requests } = fakeVirsh(answering);
      const results = await createVirsh({ exec, uri, log: quietLog }).run(
        [
          ['dumpxml', 'a'],
          ['silent'],
          ['dumpxml', 'gone'],
          ['domstate', 'b; destroy b'],
          ['echoes', 'it\'s "quoted" \\ <x/>'],
        ],
        { timeoutMs: 1000, by },
      );
      expect(results).toEqual([
        { ok: true, stdout: '<dumpxml|a>\nsecond line', error: '' },
        { ok: true, stdout: '', error: '' },
        { ok: false, stdout: '', error: "failed to get domain 'gone'" },
        { ok: true, stdout: '<domstate|b; destroy b>\nsecond line', error: '' },
        { ok: true, stdout: `<echoes|it's "quoted" \\ <x/>>\nsecond line`, error: '' },
      ]);
      expect(requests).toHaveLength(1);
      expect(requests[0]).toMatchObject({ program: 'virsh', env: { VIRSH_HISTSIZE: '0' }, timeoutMs: 1000 });
    },
  );

  test('by input no word of a command stands in the arguments', async () => {
    const { exec, requests } = fakeVirsh(answering);
    await createVirsh({ exec, uri, log: quietLog }).run([['metadata', 'a', 'hush']], { timeoutMs: 1000, by: 'input' });
    expect(requests[0]?.args).toEqual(['-q', '-c', uri]);
    expect(requests[0]?.input).toContain('hush');
  });

  test.each([
    [1, 1],
    [300, 1],
    [5000, 6],
  ])('%d short commands take %d processes', async (count, processes) => {
    const { exec, requests } = fakeVirsh(answering);
    const uuid = '0b9e1c9e-54d4-5f47-8a3c-3c7a2f4c1d11';
    const commands = Array.from({ length: count }, (): ['dumpxml', string] => ['dumpxml', uuid]);
    const results = await createVirsh({ exec, uri, log: quietLog }).run(commands, { timeoutMs: 1000 });
    expect(results.filter((result) => result.ok)).toHaveLength(count);
    expect(requests).toHaveLength(processes);
    for (const request of requests) expect(request.args.at(-1)?.length).toBeLessThan(120 * 1024);
  });

  test('one command that is too long for an argument goes by input', async () => {
    const { exec, requests } = fakeVirsh(answering);
    const bulk = 'x'.repeat(150 * 1024);
    const results = await createVirsh({ exec, uri, log: quietLog }).run(
      [
        ['domid', 'a'],
        ['metadata', bulk],
        ['domid', 'b'],
      ],
      { timeoutMs: 1000 },
    );
    expect(results.map((result) => result.ok)).toEqual([true, true, true]);
    expect(requests.map((request) => request.input !== undefined)).toEqual([false, true, false]);
  });

  test('no commands start no process', async () => {
    const { exec, requests } = fakeVirsh(answering);
    expect(await createVirsh({ exec, uri, log: quietLog }).run([], { timeoutMs: 1000, by: 'input' })).toEqual([]);
    expect(requests).toEqual([]);
  });

  test.each(['a\tb', 'a\nb', 'grüß', 'a\u0000b', 'a\u007f'])(
    'a word that virsh would garble is refused: %j',
    async (word) => {
      const { exec, requests } = fakeVirsh(answering);
      await expect(
        createVirsh({ exec, uri, log: quietLog }).run([['dumpxml', word]], { timeoutMs: 1000 }),
      ).rejects.toMatchObject({
        code: 'Internal',
      });
      expect(requests).toEqual([]);
    },
  );
});

describe('what goes wrong around virsh', () => {
  const asked = (exec: Exec) => createVirsh({ exec, uri, log: quietLog }).ask(['list', '--all'], { timeoutMs: 1000 });

  test('a daemon that is down is unreachable, with a way out', async () => {
    const stderr =
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory\n";
    const error = await asked(execGiving('', stderr)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'HypervisorUnreachable', disposition: 'retry' });
    expect((error as KreError).message).toContain('No such file or directory');
    expect((error as KreError).hint).toContain('libvirtd');
  });

  test('a socket that the user may not open names the group', async () => {
    const stderr =
      "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied\n";
    await expect(asked(execGiving('', stderr))).rejects.toMatchObject({
      code: 'HypervisorUnreachable',
      hint: expect.stringContaining('group libvirt'),
    });
  });

  test('a connection that breaks in the middle is unreachable too', async () => {
    const { exec } = fakeVirsh((words) => {
      if (words[1] === 'b') throw new VirshComplaint('Disconnected from qemu:///system due to end of file');
      return 'fine';
    });
    const commands: ['dumpxml', string][] = [
      ['dumpxml', 'a'],
      ['dumpxml', 'b'],
      ['dumpxml', 'c'],
    ];
    await expect(createVirsh({ exec, uri, log: quietLog }).run(commands, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'HypervisorUnreachable',
    });
  });

  test('a batch that the parser refuses as a whole is a failure, not an empty answer', async () => {
    await expect(asked(execGiving('', "error: unknown command: 'list'\n"))).rejects.toMatchObject({
      code: 'VirshFailed',
      message: expect.stringContaining('unknown command'),
    });
  });

  test('a failed command is named without its words', async () => {
    const { exec } = fakeVirsh(answering);
    const error = await createVirsh({ exec, uri, log: quietLog })
      .ask(['metadata', 'gone', '--set', 'hush'], { timeoutMs: 1000 })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'VirshFailed', message: "virsh metadata: failed to get domain 'gone'" });
    expect(JSON.stringify(error)).not.toContain('hush');
  });

  test('a missing virsh tells which package brings it', async () => {
    const missing = new KreError({ code: 'ProgramMissing', message: 'virsh', hint: '', disposition: 'stalled' });
    const exec: Exec = {
      ...fakeVirsh(answering).exec,
      run: async (_: ExecRequest) => {
        throw missing;
      },
    };
    await expect(asked(exec)).rejects.toMatchObject({
      code: 'VirshMissing',
      hint: expect.stringContaining('libvirt-clients'),
    });
  });
});
