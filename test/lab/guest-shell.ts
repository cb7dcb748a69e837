import type { LabSite } from './site.ts';
import { until } from './waiting.ts';

/** Runs a script in a guest of the site as root, by its guest agent: what happens to a node that no commit asked for. Throws when it fails. */
export async function runInGuest(site: LabSite, machine: string, script: string): Promise<void> {
  const ask = async (execute: string, args: object): Promise<Record<string, unknown>> => {
    const command = JSON.stringify({ execute, arguments: args });
    return (JSON.parse(await site.virsh('qemu-agent-command', machine, command)) as { return: Record<string, unknown> })
      .return;
  };
  const { pid } = await ask('guest-exec', { path: '/bin/sh', arg: ['-ec', script], 'capture-output': true });
  let status: Record<string, unknown> = {};
  const hasEnded = async () => {
    status = await ask('guest-exec-status', { pid });
    return status['exited'] === true;
  };
  await until(`the script has ended in ${machine}`, 120_000, hasEnded, 500);
  if (status['exitcode'] === 0) return;
  const said = Buffer.from(String(status['err-data'] ?? ''), 'base64').toString();
  throw new Error(`${machine}: exit ${String(status['exitcode'])} of: ${script}\n${said}`);
}
