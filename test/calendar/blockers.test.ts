import { describe, expect, it } from 'vitest';
import { createBlockers } from '../../src/calendar/blockers.ts';
import type { BlockerConfig } from '../../src/model/agent-config.ts';
import { KreError } from '../../src/model/error.ts';
import type { ExecResult, FileStat } from '../../src/model/ports.ts';

const command: BlockerConfig = { kind: 'command', program: '/opt/may', args: ['now'], timeoutMs: 1_000, objects: null };
const file: BlockerConfig = { kind: 'file', path: '/run/hold', objects: ['Cluster/dev'] };
const objects = ['Cluster/dev', 'Machine/jump'];
const stat: FileStat = { kind: 'file', sizeBytes: 0, allocatedBytes: 0, modifiedMs: 0, mode: 0o644 };

function hostWith(blockers: readonly BlockerConfig[]) {
  const host = {
    nowMs: 1_000_000,
    present: false as boolean | 'unreadable',
    answer: { exitCode: 0, stdout: '', stderr: '' } as ExecResult | KreError,
    asked: 0,
    changes: 0,
  };
  const reader = createBlockers({
    blockers,
    clock: { now: () => host.nowMs },
    onChange: () => {
      host.changes += 1;
    },
    files: {
      stat: async () => {
        if (host.present === 'unreadable')
          throw new KreError({ code: 'StatePermission', message: 'no permission', hint: '', disposition: 'stalled' });
        return host.present ? stat : null;
      },
    },
    exec: {
      run: async () => {
        host.asked += 1;
        if (host.answer instanceof KreError) throw host.answer;
        return host.answer;
      },
    },
  });
  return { host, read: () => reader.read(objects, host.nowMs), settled: () => reader.settled() };
}

describe('a file of the host', () => {
  it('holds back while it exists, and only what it names', async () => {
    const { host, read } = hostWith([file]);
    expect(await read()).toEqual({});
    host.present = true;
    expect(await read()).toEqual({ 'Cluster/dev': [{ what: 'file /run/hold', reason: 'it exists' }] });
  });

  it('holds back when nobody can tell whether it exists', async () => {
    const { host, read } = hostWith([file]);
    host.present = 'unreadable';
    expect((await read())['Cluster/dev']?.[0]?.reason).toContain('no permission');
  });
});

describe('a command of the host', () => {
  it('holds everything back until it has answered, and asks for another look then', async () => {
    const { host, read, settled } = hostWith([command]);
    expect((await read())['Machine/jump']).toEqual([expect.objectContaining({ isAsked: true })]);
    await settled();
    expect([await read(), host.changes, host.asked]).toEqual([{}, 1, 1]);
  });

  it('holds back with what it says when it ends with another code, and is asked again', async () => {
    const { host, read, settled } = hostWith([command]);
    host.answer = { exitCode: 3, stdout: '\npayroll runs until noon\nmore\n', stderr: '' };
    await read();
    await settled();
    expect((await read())['Cluster/dev']).toEqual([
      { what: 'command /opt/may now', reason: 'payroll runs until noon' },
    ]);
    host.answer = { exitCode: 0, stdout: '', stderr: '' };
    host.nowMs += 20_000;
    expect((await read())['Cluster/dev']).toHaveLength(1);
    await settled();
    expect([await read(), host.asked, host.changes]).toEqual([{}, 2, 2]);
  });

  it('holds back when it cannot be run or is too slow', async () => {
    const { host, read, settled } = hostWith([command]);
    host.answer = new KreError({
      code: 'ExecTimeout',
      message: '/opt/may took too long',
      hint: '',
      disposition: 'retry',
    });
    await read();
    await settled();
    expect((await read())['Cluster/dev']?.[0]?.reason).toBe('/opt/may took too long');
  });

  it('is not believed for long, nor after the clock was set back', async () => {
    const { host, read, settled } = hostWith([command]);
    await read();
    await settled();
    host.nowMs += 60_000;
    expect((await read())['Cluster/dev']).toEqual([expect.objectContaining({ isAsked: true })]);
    await settled();
    host.nowMs -= 3_600_000;
    expect((await read())['Cluster/dev']).toEqual([expect.objectContaining({ isAsked: true })]);
    await settled();
    expect(await read()).toEqual({});
  });
});
