import type { Exec } from '../../../model/ports.ts';

/** What became of running a guest with KVM; `unknown` where it could not be tried, with the reason. */
export type KvmVerdict =
  | { readonly kind: 'serves' }
  | { readonly kind: 'fails'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type KvmProbe = (arch: string) => Promise<KvmVerdict>;

/** On real hardware the firmware speaks after a few milliseconds. */
const patienceMs = 10_000;

/**
 * Lets the firmware of an empty machine run with KVM and the host's own CPU until it says that there is nothing to boot. A
 * `/dev/kvm` that opens proves little: nested or half-working ones are offered by libvirt, answer QEMU's questions, and
 * then QEMU aborts or the guest hangs.
 */
export function createKvmProbe(exec: Exec): KvmProbe {
  return (arch) => {
    if (arch !== 'x86_64') return Promise.resolve({ kind: 'unknown', reason: `not tried on ${arch}` });
    return new Promise<KvmVerdict>((resolve) => {
      const said: string[] = [];
      const settle = (verdict: KvmVerdict): void => {
        clearTimeout(deadline);
        resolve(verdict);
        stream?.stop();
      };
      const deadline = setTimeout(
        () => settle({ kind: 'fails', reason: 'a guest started with KVM hangs in its firmware' }),
        patienceMs,
      );
      const stream = startProbe(exec, said, () => settle({ kind: 'serves' }));
      if (!stream) return settle({ kind: 'unknown', reason: 'qemu-system-x86_64 is not on the PATH' });
      void stream.ended.then(() => settle(verdictOf(said)));
    });
  };
}

/** SeaBIOS writes what it does to this port. */
const firmwarePort = '0x402';
const firmwareDone = 'No bootable device';

function startProbe(exec: Exec, said: string[], onDone: () => void): ReturnType<Exec['stream']> | null {
  const machine = ['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35,accel=kvm', '-cpu', 'host'];
  const report = ['-chardev', 'stdio,id=report', '-device', `isa-debugcon,iobase=${firmwarePort},chardev=report`];
  const args = [...machine, '-m', '32', '-no-reboot', ...report];
  try {
    return exec.stream(
      { program: 'qemu-system-x86_64', args },
      (line) => {
        if (line.startsWith(firmwareDone)) onDone();
      },
      (line) => said.push(line),
    );
  } catch {
    return null;
  }
}

function verdictOf(said: readonly string[]): KvmVerdict {
  const text = said
    .join('; ')
    .replace(/qemu-system-x86_64: /g, '')
    .slice(0, 300);
  // The agent's user need not be allowed what QEMU's user is.
  if (/permission denied/i.test(text)) return { kind: 'unknown', reason: text };
  return { kind: 'fails', reason: `QEMU ends when it starts a guest with KVM: ${text || 'it gave no reason'}` };
}
