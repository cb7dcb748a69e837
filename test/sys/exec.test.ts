import { describe, expect, it } from 'vitest';
import { systemExec } from '../../src/sys/exec.ts';

const sh = (script: string, more: object = {}) =>
  systemExec.run({ program: 'sh', args: ['-c', script], timeoutMs: 20_000, ...more });

describe('run', () => {
  it('yields output as it was printed, and an exit code as a result', async () => {
    const result = await sh('echo out; printf err >&2; exit 3');
    expect(result).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err' });
  });

  it('passes arguments untouched and input on standard input', async () => {
    const result = await systemExec.run({
      program: 'sh',
      args: ['-c', 'printf "%s|" "$@"; cat', 'sh', '; echo x', '$HOME', 'a b'],
      input: 'from input',
      timeoutMs: 20_000,
    });
    expect(result.stdout).toBe('; echo x|$HOME|a b|from input');
  });

  it('gives no standard input when none is asked for', async () => {
    expect((await sh('cat; echo end')).stdout).toBe('end\n');
  });

  it('runs in the C locale whatever the caller sets', async () => {
    const result = await sh('echo $LC_ALL $EXTRA', { env: { LC_ALL: 'de_DE.UTF-8', EXTRA: 'yes' } });
    expect(result.stdout).toBe('C yes\n');
  });

  it('survives a program that does not read its input', async () => {
    expect((await sh('exit 0', { input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  it('says which program is missing', async () => {
    const running = systemExec.run({ program: 'no-such-program', args: [], timeoutMs: 1000 });
    await expect(running).rejects.toMatchObject({
      code: 'ProgramMissing',
      message: expect.stringContaining('no-such-program'),
    });
  });

  it('stops a program at its deadline, with what it started', async () => {
    await expect(sh('sleep 600; true', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'ExecTimeout' });
  });

  it('refuses more output than agreed', async () => {
    const running = sh('yes', { maxOutputBytes: 1000 });
    await expect(running).rejects.toMatchObject({ code: 'ExecFailed', message: expect.stringContaining('1000 bytes') });
  });

  it('stops when nobody wants the result any more', async () => {
    const abort = new AbortController();
    const running = sh('sleep 600', { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'ExecFailed' });
  });

  it('says when a signal ended the program', async () => {
    await expect(sh('kill -9 $$')).rejects.toMatchObject({ message: expect.stringContaining('SIGKILL') });
  });
});

describe('stream', () => {
  it('hands over lines as they come, and those of stderr apart', async () => {
    const lines: string[] = [];
    const errors: string[] = [];
    const args = ['-c', 'while read -r x; do echo "got $x"; echo "bad $x" >&2; done; printf tail'];
    const stream = systemExec.stream(
      { program: 'sh', args },
      (line) => lines.push(line),
      (line) => errors.push(line),
    );
    stream.write('ä\n');
    await expect.poll(() => lines).toEqual(['got ä']);
    stream.stop();
    await stream.ended;
    expect(errors).toEqual(['bad ä']);
  });

  it('tells how the program ended', async () => {
    const lines: string[] = [];
    const stream = systemExec.stream({ program: 'sh', args: ['-c', 'printf tail; exit 4'] }, (line) =>
      lines.push(line),
    );
    expect(await stream.ended).toBe(4);
    expect(lines).toEqual(['tail']);
    stream.write('too late\n');
  });

  it('ends with null when it was stopped, also by its signal', async () => {
    const abort = new AbortController();
    const stream = systemExec.stream({ program: 'sleep', args: ['600'], signal: abort.signal }, () => undefined);
    abort.abort();
    expect(await stream.ended).toBeNull();
  });

  it('stops a program whose line never ends', async () => {
    const args = ['-c', 'tr -d "\\n" < /dev/zero'];
    const stream = systemExec.stream({ program: 'sh', args, maxOutputBytes: 100_000 }, () => undefined);
    expect(await stream.ended).toBeNull();
  });

  it('says which program is missing', () => {
    const start = () => systemExec.stream({ program: 'no-such-program', args: [] }, () => undefined);
    expect(start).toThrow(expect.objectContaining({ code: 'ProgramMissing' }));
  });
});
