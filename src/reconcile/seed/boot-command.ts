import { KreError } from '../../model/error.ts';

export const programPath = '/usr/local/libexec/kreconcile/guest';
export const settingsPath = '/etc/kreconcile/node.env';

/**
 * bootcmd runs before write_files, and before every service that must not start without its state disk: so it brings settings and
 * program itself. On later boots the program stays as it is, because the agent may have replaced it by a newer one. What an image
 * taken from another machine brought along is forgotten.
 */
const firstBoot = `umask 022
if [ "$(cat /etc/kreconcile/instance 2>/dev/null)" != "$1" ]; then
  rm -rf /var/lib/kreconcile-guest
  mkdir -p /etc/kreconcile /usr/local/libexec/kreconcile
  printf '%s' "$2" >${settingsPath}
  printf '%s' "$3" >${programPath}.new
  chmod 0755 ${programPath}.new && mv -f ${programPath}.new ${programPath}
  if command -v restorecon >/dev/null; then restorecon -R /usr/local/libexec/kreconcile; fi
  sync
  echo "$1" >/etc/kreconcile/instance
fi
${programPath} mount-state
`;

const laterBoots = `umask 022
mkdir -p /etc/kreconcile
printf '%s' "$1" >${settingsPath}
if [ -x ${programPath} ]; then ${programPath} mount-state; fi
`;

/** Linux takes no argument over 128 KiB. */
const maxProgramBytes = 120 * 1024;

/** The bootcmd entry of a machine's first boot. Texts are arguments, so nothing in them is read by a shell. */
export function firstBootCommand(instance: string, settings: string, program: string): readonly string[] {
  if (Buffer.byteLength(program) > maxProgramBytes) {
    throw new KreError({
      code: 'Internal',
      message: 'the in-guest program is too long for the command that first boot brings it by',
      hint: 'This is a defect of kreconcile: please report it.',
      disposition: 'bug',
    });
  }
  return ['sh', '-c', firstBoot, 'sh', instance, settings, program];
}

/** The bootcmd entry of every later boot: `settings` say that the state disk is not new any more. */
export function laterBootCommand(settings: string): readonly string[] {
  return ['sh', '-c', laterBoots, 'sh', settings];
}
