import { KreError } from '../model/error.ts';

const notReached =
  /failed to connect to the hypervisor|Failed to connect socket|Disconnected from|End of file while reading data|client socket is closed|Cannot (recv|write) data/i;

/** Whether virsh's words say that there is, or no longer is, a daemon behind them. */
export function saysUnreachable(error: string): boolean {
  return notReached.test(error);
}

/** Nobody answers behind the URI. */
export function unreachable(uri: string, detail: string, cause?: unknown): KreError {
  const denied = /permission denied|authentication/i.test(detail);
  return new KreError({
    code: 'HypervisorUnreachable',
    message: `libvirt at ${uri} did not answer: ${oneLine(detail)}`,
    hint: denied
      ? 'Add the user that kreconcile runs as to the group libvirt.'
      : 'See that libvirtd (or virtqemud) runs: systemctl status libvirtd; nothing is changed until it answers.',
    disposition: 'retry',
    cause,
  });
}

/** There is no virsh to ask. */
export function virshMissing(cause: unknown): KreError {
  return new KreError({
    code: 'VirshMissing',
    message: 'virsh is not installed',
    hint: 'Install it: Debian and Ubuntu have it in libvirt-clients, Rocky in libvirt-client.',
    disposition: 'stalled',
    cause,
  });
}

/** A command that libvirt refused. Only the command's name is shown: its words may be long, or secret. */
export function virshFailed(command: string, detail: string): KreError {
  return new KreError({
    code: 'VirshFailed',
    message: `virsh ${command}: ${oneLine(detail) || 'gave no answer'}`,
    hint: 'The text is what libvirt said; the log of libvirtd may say more (journalctl -u libvirtd).',
    disposition: 'retry',
  });
}

function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/^error: /, '').trim())
    .filter((line) => line !== '')
    .join('; ')
    .slice(0, 600);
}
