import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GuestStateDisk } from '../../../../src/model/guest-status.ts';
import { encodeInput, type GuestRoot, makeGuestRoot, shells } from './guest-root.ts';

const uuid = '0d3b5ba2-3c0a-4a9c-9f4e-6c6a2d1f7b10';
const diskMiB = 16;
const guests: GuestRoot[] = [];
afterEach(() => {
  for (const guest of guests.splice(0)) guest.remove();
});

describe.each(shells)('the state disk under %s', (shell) => {
  const make = (settings: { isNew: boolean; systemd?: boolean }): GuestRoot => {
    const guest = makeGuestRoot(shell);
    guests.push(guest);
    guest.write(
      'etc/kreconcile/node.env',
      `STATE_SERIAL='kre-0d3b5ba2'\nSTATE_UUID='${uuid}'\nSTATE_NEW='${settings.isNew ? 1 : 0}'
KEEP_PATHS='/var/lib/kubelet /etc/kubernetes /etc/kubernetes/pki'\n`,
    );
    guest.write('sys/block/vda/serial', '');
    guest.stub('sync', ':');
    guest.stub('udevadm', ':');
    guest.stub('rc-service', 'exit 1');
    guest.stub(
      'mount',
      `for last; do :; done\ncase $1 in --make-*) ;; *) echo "disk $last ext4 rw 0 0" >>"$KRECONCILE_ROOT/proc/self/mounts" ;; esac`,
    );
    if (settings.systemd) {
      mkdirSync(join(guest.root, 'run/systemd/system'), { recursive: true });
      guest.stub(
        'systemctl',
        `case $1 in
is-active) exit 3 ;;
start) where=$(sed -n 's/^Where=//p' "$KRECONCILE_ROOT/etc/systemd/system/$2"); echo "disk $KRECONCILE_ROOT$where ext4 rw 0 0" >>"$KRECONCILE_ROOT/proc/self/mounts"; mkdir -p "$KRECONCILE_ROOT$where" ;;
esac`,
      );
    }
    return guest;
  };
  const attach = (guest: GuestRoot, write?: (fd: number) => void): string => {
    guest.write('sys/block/vdb/serial', 'kre-0d3b5ba2');
    guest.write('sys/block/vdb/size', `${diskMiB * 2048}\n`);
    guest.write('dev/vdb', '');
    const path = join(guest.root, 'dev/vdb');
    const fd = openSync(path, 'r+');
    ftruncateSync(fd, diskMiB * 1024 * 1024);
    write?.(fd);
    closeSync(fd);
    return path;
  };
  const found = (disk: string): string =>
    execFileSync('sh', ['-c', 'blkid -p -s UUID -o value "$1" || :', 'sh', disk], { encoding: 'utf8' }).trim();
  const reading = async (guest: GuestRoot): Promise<GuestStateDisk> =>
    JSON.parse((await guest.run(['status'])).stdout).stateDisk;

  it('that is blank and should be new is formatted, takes over what the image holds, and is mounted', async () => {
    const guest = make({ isNew: true });
    const disk = attach(guest);
    guest.write('var/lib/kubelet/config.yaml', 'from the image');
    const run = await guest.run(['mount-state']);
    expect(`${run.code} ${run.stderr}`).toBe('0 ');
    expect(found(disk)).toBe(uuid);
    expect(await reading(guest)).toBe('mounted');
    expect(guest.read('var/lib/kreconcile-state/var/lib/kubelet/config.yaml')).toBe('from the image');
    const mounts = guest
      .calls()
      .filter((call) => call.startsWith('mount '))
      .join('\n')
      .replaceAll(guest.root, '');
    expect(mounts).toBe(`mount -t ext4 /dev/vdb /var/lib/kreconcile-state
mount --make-private /var/lib/kreconcile-state
mount --bind /var/lib/kreconcile-state/etc/kubernetes /etc/kubernetes
mount --make-shared /etc/kubernetes
mount --bind /var/lib/kreconcile-state/var/lib/kubelet /var/lib/kubelet
mount --make-shared /var/lib/kubelet`);
    expect((await guest.run(['mount-state'])).code).toBe(0);
    expect(guest.calls().filter((call) => call.startsWith('mount '))).toHaveLength(6);
  });

  it('is mounted as it is under another root, whose own files give way', async () => {
    const guest = make({ isNew: false });
    const disk = attach(guest);
    execFileSync('mkfs.ext4', ['-q', '-F', '-U', uuid, disk]);
    guest.write('var/lib/kreconcile-state/var/lib/kubelet/config.yaml', 'from before');
    guest.write('var/lib/kubelet/config.yaml', 'from the image');
    expect((await guest.run(['mount-state'])).code).toBe(0);
    expect(guest.read('var/lib/kreconcile-state/var/lib/kubelet/config.yaml')).toBe('from before');
    expect(await reading(guest)).toBe('mounted');
  });

  it.each<[string, GuestStateDisk, boolean, (guest: GuestRoot) => string | null]>([
    ['is missing', 'missing', true, () => null],
    ['is blank and should not be new', 'blank-refused', false, (guest) => attach(guest)],
    [
      'has another filesystem',
      'foreign',
      true,
      (guest) => {
        const disk = attach(guest);
        execFileSync('mkfs.ext4', ['-q', '-F', '-U', '11111111-2222-4333-8444-555555555555', disk]);
        return disk;
      },
    ],
    ['has something in its first MiB', 'foreign', true, (guest) => attach(guest, (fd) => writeSync(fd, 'data', 5000))],
    [
      'has something in its last MiB',
      'foreign',
      true,
      (guest) => attach(guest, (fd) => writeSync(fd, 'data', diskMiB * 1024 * 1024 - 4096)),
    ],
    [
      'is shorter than it says',
      'foreign',
      true,
      (guest) => {
        const disk = attach(guest);
        guest.write('sys/block/vdb/size', `${64 * 2048}\n`);
        return disk;
      },
    ],
  ])('that %s is left alone and the services stay down', async (_, expected, isNew, prepare) => {
    const guest = make({ isNew, systemd: true });
    const disk = prepare(guest);
    const before = disk && execFileSync('sha256sum', [disk], { encoding: 'utf8' });
    const run = await guest.run(['mount-state']);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/services stay down/);
    expect(disk && execFileSync('sha256sum', [disk], { encoding: 'utf8' })).toBe(before);
    expect(guest.calls().filter((call) => /^(mount|systemctl start) /.test(call))).toEqual([]);
    expect(await reading(guest)).toBe(expected);
    expect(guest.read('etc/systemd/system/kubelet.service.d/10-kreconcile-state.conf')).toContain(
      'RequiresMountsFor=/etc/kubernetes /var/lib/kubelet',
    );
    for (const verb of ['bootstrap', 'join', 'upgrade']) {
      const refused = await guest.run(['run', verb, `${verb}-1`], encodeInput({}));
      expect(refused.code).toBe(1);
      expect(guest.read(`var/lib/kreconcile-guest/operations/${verb}-1/error`)).toContain(`not mounted: ${expected}`);
    }
  });

  it('that turns up blank where one was mounted before is not formatted, though the seed still says new', async () => {
    const guest = make({ isNew: true });
    attach(guest);
    expect((await guest.run(['mount-state'])).code).toBe(0);
    guest.write('proc/self/mounts', '');
    attach(guest);
    expect((await guest.run(['mount-state'])).code).toBe(1);
    expect(await reading(guest)).toBe('blank-refused');
  });

  it('whose formatting a power cut interrupted is formatted again', async () => {
    const guest = make({ isNew: true });
    const disk = attach(guest, (fd) => {
      writeSync(fd, 'half of a filesystem', 8192);
      writeSync(fd, `kreconcile formats ${uuid}`, diskMiB * 1024 * 1024 - 512);
    });
    expect((await guest.run(['mount-state'])).code).toBe(0);
    expect(found(disk)).toBe(uuid);
    const tail = execFileSync('tail', ['-c', '512', disk]);
    expect(tail.every((byte) => byte === 0)).toBe(true);
  });

  it('holds services by units of systemd that need no cloud-init', async () => {
    const guest = make({ isNew: true, systemd: true });
    attach(guest);
    guest.write('etc/kreconcile/node.env', `${guest.read('etc/kreconcile/node.env')}DISTRIBUTION='kubeadm'\n`);
    const run = await guest.run(['mount-state']);
    expect(`${run.code} ${run.stderr}`).toBe('0 ');
    const units = 'etc/systemd/system';
    // An image's own kubelet does not run with the data before this root is installed.
    expect(guest.read(`${units}/kubelet.service.d/10-kreconcile-state.conf`)).toContain(
      '\nConditionPathExists=/var/lib/kreconcile-guest/kubeadm-installed\n',
    );
    expect(guest.read(`${units}/var-lib-kreconcile\\x2dstate.mount`)).toContain(`What=/dev/disk/by-uuid/${uuid}`);
    expect(guest.read(`${units}/etc-kubernetes.mount`)).toContain(
      'What=/var/lib/kreconcile-state/etc/kubernetes\nWhere=/etc/kubernetes\n',
    );
    expect(guest.has(`${units}/etc-kubernetes-pki.mount`)).toBe(false);
    for (const service of ['kubelet', 'k3s', 'k3s-agent']) {
      expect(guest.has(`${units}/${service}.service.d/10-kreconcile-state.conf`)).toBe(true);
    }
    expect(guest.has(`${units}/containerd.service.d`)).toBe(false);
    const vendor = 'usr/lib/systemd/system';
    guest.write(`${vendor}/systemd-fsck@.service`, '[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n');
    guest.write('bin/true', '', 0o755);
    execFileSync('systemd-analyze', [
      'verify',
      '--root',
      guest.root,
      '--man=no',
      `${guest.root}/${units}/var-lib-kubelet.mount`,
    ]);
  });

  it('holds services by OpenRC where there is no systemd', async () => {
    const guest = make({ isNew: true });
    expect((await guest.run(['mount-state'])).code).toBe(1);
    expect(guest.read('etc/init.d/kreconcile-state')).toMatch(/^#!\/sbin\/openrc-run[\s\S]*guest mount-state/);
    await guest.run(['mount-state']);
    expect(guest.read('etc/conf.d/k3s')).toBe('rc_need="kreconcile-state"\n');
  });

  it('stops a service that the image started before the disk was there, and starts it after', async () => {
    const guest = make({ isNew: true });
    attach(guest);
    guest.stub('rc-service', 'case "$*" in kubelet\\ status) exit 0 ;; *status) exit 1 ;; esac');
    expect((await guest.run(['mount-state'])).code).toBe(0);
    const order = guest.calls().filter((call) => /kubelet (stop|start)|make-shared.*kubelet/.test(call));
    expect(order.map((call) => call.split(' ').at(-1)?.replace(guest.root, ''))).toEqual([
      'stop',
      '/var/lib/kubelet',
      'start',
    ]);
  });

  it('refuses to keep a path that is none', async () => {
    const guest = make({ isNew: true });
    attach(guest);
    guest.write(
      'etc/kreconcile/node.env',
      `STATE_SERIAL='kre-0d3b5ba2'\nSTATE_UUID='${uuid}'\nSTATE_NEW='1'\nKEEP_PATHS='/var/lib/../../etc'\n`,
    );
    const run = await guest.run(['mount-state']);
    expect([run.code, run.stderr]).toEqual([1, expect.stringMatching(/cannot keep the path/)]);
  });
});
