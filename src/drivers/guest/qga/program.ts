/** The in-guest program as the host calls it: its path, its input, its replies. */
import { createHash } from 'node:crypto';
import type { MachineRef } from '../../hypervisor/hypervisor.ts';
import type { Exec, GuestExec } from './exec.ts';
import { badReply, refused } from './failures.ts';

/** Where first boot installs it. */
export const programPath = '/usr/local/libexec/kreconcile/guest';
/** Where it leaves backups, one file named after each operation. */
const backupFolder = '/var/lib/kreconcile-guest/backups';
/** A message of 140 KiB is carried in a quarter of a second by an emulated guest, one of 400 KiB is not; base64 takes a third more. */
export const pieceBytes = 96 * 1024;
const shortMs = 20_000;

const writePiece = `umask 022; mkdir -p "\${1%/*}" && if [ "$2" = 0 ]; then cat >"$1.new"; else cat >>"$1.new"; fi`;
const takeNew = `found=$(sha256sum "$1.new" | cut -d" " -f1)
[ "$found" = "$2" ] || { rm -f "$1.new"; exit 3; }
chmod 0755 "$1.new" && mv -f "$1.new" "$1" && if command -v restorecon >/dev/null; then restorecon "$1" || :; fi`;
const readPiece = `[ -f "$1" ] || exit 3
if [ $(($2 % $3)) -eq 0 ]; then dd if="$1" bs="$3" skip=$(($2 / $3)) count=1 2>/dev/null; else tail -c +$(($2 + 1)) "$1" | head -c "$3"; fi`;

const takePiece = `umask 077; mkdir -p "\${1%/*}" || exit 1
[ "$2" -gt 0 ] || : >"$1" || exit 1
[ -f "$1" ] && [ "$(wc -c <"$1")" -ge "$2" ] || exit 3
if [ "$(wc -c <"$1")" -gt "$2" ]; then head -c "$2" "$1" >"$1.new" && mv -f "$1.new" "$1" || exit 1; fi
cat >>"$1" && [ "$(wc -c <"$1")" -eq $(($2 + $3)) ]`;

/** Constant shell text; what varies are arguments, never text. */
function shell(script: string, args: readonly string[], rest: Partial<GuestExec> = {}): GuestExec {
  return {
    path: '/bin/sh',
    args: ['-c', script, 'sh', ...args],
    timeoutMs: shortMs,
    maxOutputBytes: pieceBytes,
    ...rest,
  };
}

/** Lines `key=base64`, which no value can break out of. */
export function encodeInput(input: Readonly<Record<string, string>>): Uint8Array {
  return Buffer.from(
    Object.entries(input)
      .map(([key, value]) => `${key}=${Buffer.from(value).toString('base64')}\n`)
      .join(''),
  );
}

/** `key=value` lines; `GuestReply` for anything else. */
export function decodeAnswer(machine: string, output: Uint8Array): Readonly<Record<string, string>> {
  const lines = Buffer.from(output)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([A-Za-z][A-Za-z0-9_-]{0,63})=([ -~]*)$/.exec(line);
      if (!match) throw badReply(machine, 'a line that is no key=value');
      return [match[1], match[2]];
    }),
  );
}

/** Writes the program in pieces beside the old one and takes it only if its digest is right. */
export async function writeProgram(exec: Exec, machine: MachineRef, program: string): Promise<void> {
  const bytes = Buffer.from(program);
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    const piece = bytes.subarray(offset, offset + pieceBytes);
    const written = await exec.run(machine, shell(writePiece, [programPath, String(offset)], { input: piece }));
    if (written.exitCode !== 0) throw refused(machine.name, 'writing the in-guest program', written.stderr);
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  const taken = await exec.run(machine, shell(takeNew, [programPath, digest]));
  if (taken.exitCode === 3) throw badReply(machine.name, 'another digest than the program that was written has');
  if (taken.exitCode !== 0) throw refused(machine.name, 'installing the in-guest program', taken.stderr);
}

const operationId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

/** One piece of a backup; the path is made from the id that the host gave. */
export async function readBackupPiece(
  exec: Exec,
  machine: MachineRef,
  operation: string,
  offset: number,
): Promise<Uint8Array> {
  if (!operationId.test(operation) || !Number.isSafeInteger(offset) || offset < 0) {
    throw refused(machine.name, 'reading a backup', 'not an operation id, or not an offset');
  }
  const path = `${backupFolder}/${operation}`;
  const result = await exec.run(machine, shell(readPiece, [path, String(offset), String(pieceBytes)]));
  if (result.exitCode === 0) return result.stdout;
  throw refused(
    machine.name,
    'reading a backup',
    result.exitCode === 3 ? `there is no backup of operation ${operation}` : result.stderr,
  );
}

/** One piece of a backup into the guest. Nothing but root reads it: it holds the keys of a cluster. */
export async function writeBackupPiece(
  exec: Exec,
  machine: MachineRef,
  operation: string,
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  const isPiece = Number.isSafeInteger(offset) && offset >= 0 && bytes.length <= pieceBytes;
  if (!operationId.test(operation) || !isPiece) {
    throw refused(machine.name, 'writing a backup', 'not an operation id, or not a piece of 96 KiB');
  }
  const path = `${backupFolder}/${operation}`;
  const written = await exec.run(
    machine,
    shell(takePiece, [path, String(offset), String(bytes.length)], bytes.length > 0 ? { input: bytes } : {}),
  );
  if (written.exitCode === 0) return;
  throw refused(
    machine.name,
    'writing a backup',
    written.exitCode === 3 ? 'what comes before this piece is not there' : written.stderr,
  );
}

/** The boot's id, for guests without the program. */
export const readBootId: GuestExec = {
  path: '/bin/cat',
  args: ['/proc/sys/kernel/random/boot_id'],
  timeoutMs: shortMs,
  maxOutputBytes: 64,
};
