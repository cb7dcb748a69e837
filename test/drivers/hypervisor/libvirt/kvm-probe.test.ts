import { describe, expect, test } from 'vitest';
import { createKvmProbe } from '../../../../src/drivers/hypervisor/libvirt/kvm-probe.ts';
import type { Exec } from '../../../../src/model/ports.ts';

/** A QEMU that says these lines and, unless it is stopped before, ends. */
function qemu(lines: readonly string[], errors: readonly string[], ends: boolean) {
  const state = { isStopped: false };
  const stream: Exec['stream'] = (_, onLine, onErrorLine) => {
    let finish = (): void => undefined;
    const ended = new Promise<number | null>((resolve) => {
      finish = () => resolve(1);
    });
    setImmediate(() => {
      for (const line of lines) onLine(line);
      for (const line of errors) onErrorLine?.(line);
      if (ends) finish();
    });
    const stop = (): void => {
      state.isStopped = true;
      finish();
    };
    return { pid: 1, ended, write: () => undefined, stop };
  };
  return { state, exec: { run: () => Promise.reject(new Error('not used')), stream } satisfies Exec };
}

describe('whether KVM truly serves', () => {
  test('yes, when a guest gets through its firmware; and QEMU is ended', async () => {
    const { exec, state } = qemu(['SeaBIOS (version 1.16.2)', 'No bootable device.'], [], false);
    expect(await createKvmProbe(exec)('x86_64')).toEqual({ kind: 'serves' });
    expect(state.isStopped).toBe(true);
  });

  test('no, when QEMU aborts, with what it said', async () => {
    const { exec } = qemu([], ['qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69'], true);
    expect(await createKvmProbe(exec)('x86_64')).toEqual({
      kind: 'fails',
      reason: 'QEMU ends when it starts a guest with KVM: error: failed to set MSR 0x10a to 0x69',
    });
  });

  test('unknown, when the agent may not open the device that QEMU may', async () => {
    const { exec } = qemu([], ['Could not access KVM kernel module: Permission denied'], true);
    expect(await createKvmProbe(exec)('x86_64')).toMatchObject({ kind: 'unknown' });
  });

  test('unknown, without a QEMU to try it with', async () => {
    const { exec } = qemu([], [], true);
    const stream: Exec['stream'] = () => {
      throw new Error('missing');
    };
    expect(await createKvmProbe({ ...exec, stream })('x86_64')).toMatchObject({ kind: 'unknown' });
  });
});
