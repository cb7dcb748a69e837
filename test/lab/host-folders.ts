import { chmod, chown, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const libvirtdConfiguration = `unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
`;

/**
 * Lays out what host-init.sh binds over the machine's own folders. The service user gets what an installed package
 * would give it: its state folder, and its folder among libvirt's images, which QEMU's user may traverse but not list.
 */
export async function layOutHost(root: string): Promise<void> {
  const user = await lookUpUser('kreconcile');
  const folders = [
    'dev',
    'etc/kreconcile',
    'etc/libvirt',
    'var/log/libvirt/qemu',
    'var/cache/libvirt',
    'var/lib/libvirt/images',
  ];
  for (const folder of folders) {
    await mkdir(join(root, folder), { recursive: true });
  }
  // QEMU itself runs as another user, and every folder above a disk must let it through.
  await chmod(join(root, 'var/lib/libvirt/images'), 0o711);
  await cp('/etc/libvirt', join(root, 'etc/libvirt'), { recursive: true });
  await writeFile(join(root, 'etc/libvirt/libvirtd.conf'), libvirtdConfiguration);
  for (const folder of ['var/lib/kreconcile', 'var/lib/libvirt/images/kreconcile']) {
    const path = join(root, folder);
    await mkdir(path, { recursive: true });
    await chmod(path, 0o711);
    await chown(path, user.uid, user.gid);
  }
}

async function lookUpUser(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const { stdout, exitCode } = await execa('getent', ['passwd', name], { reject: false });
  const [, , uid, gid] = stdout.split(':');
  if (exitCode !== 0 || uid === undefined || gid === undefined) {
    throw new Error(`no user ${name}: run test/lab/setup.sh first`);
  }
  return { uid: Number(uid), gid: Number(gid) };
}
