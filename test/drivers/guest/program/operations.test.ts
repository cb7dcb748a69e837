import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { GuestOperation, GuestStatus } from '../../../../src/model/guest-status.ts';
import { encodeInput, type GuestRoot, makeGuestRoot, shells, until } from './guest-root.ts';

const guests: GuestRoot[] = [];
afterEach(() => {
  for (const guest of guests.splice(0)) guest.remove();
});

const library = `
dist_status() { if [ -f "$ROOT/during-status" ]; then . "$ROOT/during-status"; fi; printf '{"phase":"installed","version":null,"serviceActive":false,"certificatesExpireAtMs":null}'; }
dist_bootstrap() { progress 'writing "configuration"'; . "$ROOT/bootstrap.sh"; }
dist_join() { result token "$(input token)"; }
dist_stage() { mkdir -p "$STAGED/$(input version)"; . "$ROOT/stage.sh"; }
dist_backup() { cat "$ROOT/datastore" >"$BACKUP_FILE"; }
dist_upgrade() { progress "to $(input version)"; . "$ROOT/upgrade.sh"; }
dist_rollback() { result mirror "$KUBERNETES_MIRROR"; result backup "$BACKUP_FILE"; }
dist_restore() { result restored "$(cat "$BACKUP_FILE")"; }
`;

describe.each(shells)('operations under %s', (shell) => {
  const make = (): GuestRoot => {
    const guest = makeGuestRoot(shell, library);
    guests.push(guest);
    guest.write('etc/kreconcile/node.env', "DISTRIBUTION='kubeadm'\nROLE='worker'\nNODE_PACKAGES=''\n");
    guest.write('bootstrap.sh', ':');
    guest.write('stage.sh', ':');
    guest.write('upgrade.sh', ':');
    return guest;
  };
  const operations = async (guest: GuestRoot): Promise<readonly GuestOperation[]> =>
    (JSON.parse((await guest.run(['status'])).stdout) as GuestStatus).operations;
  const ended = (guest: GuestRoot, id: string): Promise<GuestOperation> =>
    until(
      `${id} ends`,
      async () => (await operations(guest)).find((o) => o.id === id && o.state !== 'running') ?? null,
    );

  it('run in the background under their id, and leave nothing of their input behind', async () => {
    const guest = make();
    const secret = 'abcdef.0123456789abcdef';
    expect(await guest.run(['start', 'join', 'join-12345678-1'], encodeInput({ token: secret }))).toMatchObject({
      code: 0,
      stdout: '',
    });
    const operation = await ended(guest, 'join-12345678-1');
    expect(operation).toMatchObject({ verb: 'join', state: 'succeeded', result: { token: secret } });
    expect(operation.endedAtMs).toBeGreaterThanOrEqual(operation.startedAtMs);
    expect(guest.has('var/lib/kreconcile-guest/operations/join-12345678-1/input')).toBe(false);
  });

  it('work with the settings of today, not with those of first boot', async () => {
    const guest = make();
    guest.write('etc/kreconcile/node.env', "DISTRIBUTION='kubeadm'\nROLE='worker'\nRELEASE_MIRROR='http://gone'\n");
    guest.write('stage.sh', 'progress "from $RELEASE_MIRROR"');
    const input = { version: 'v1.36.3', RELEASE_MIRROR: "http://it's; here $(id)" };
    await guest.run(['start', 'stage', 'stage-1'], encodeInput(input));
    expect(await ended(guest, 'stage-1')).toMatchObject({
      state: 'succeeded',
      message: `from ${input.RELEASE_MIRROR}`,
    });
  });

  it('are not run again for the same id', async () => {
    const guest = make();
    guest.write('bootstrap.sh', 'echo run >>"$ROOT/runs"');
    await guest.run(['start', 'bootstrap', 'bootstrap-first']);
    await ended(guest, 'bootstrap-first');
    expect((await guest.run(['start', 'bootstrap', 'bootstrap-first'])).code).toBe(0);
    expect((await guest.run(['run', 'bootstrap', 'bootstrap-first'])).code).toBe(0);
    expect(guest.read('runs')).toBe('run\n');
  });

  it('show their progress while they run, and one that changes the node waits for no other', async () => {
    const guest = make();
    guest.write('bootstrap.sh', 'until [ -e "$ROOT/go" ]; do sleep 0.05; done');
    await guest.run(['start', 'bootstrap', 'bootstrap-1']);
    await until('it reports', async () =>
      (await operations(guest))[0]?.message === 'writing "configuration"' ? true : null,
    );
    expect((await operations(guest))[0]).toMatchObject({ state: 'running', endedAtMs: null });
    const second = await guest.run(['start', 'upgrade', 'upgrade-1'], encodeInput({ version: 'v1.36.3' }));
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/bootstrap-1 is still running/);
    guest.write('go', '');
    expect(await ended(guest, 'bootstrap-1')).toMatchObject({ state: 'succeeded' });
  });

  it.each([
    ['fail "no \\"disk\\" left"', 'no "disk" left'],
    ['false', /writing "configuration": ended with code 1/],
    ['echo this broke >&2; exit 7', /ended with code 7: this broke/],
  ])('that fail by %s say why', async (script, message) => {
    const guest = make();
    guest.write('bootstrap.sh', script);
    await guest.run(['start', 'bootstrap', 'bootstrap-2']);
    expect(await ended(guest, 'bootstrap-2')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(message),
    });
  });

  it('that a power cut ended are shown as interrupted', async () => {
    const guest = make();
    guest.write('bootstrap.sh', 'until [ -e "$ROOT/go" ]; do sleep 0.05; done');
    await guest.run(['start', 'bootstrap', 'bootstrap-3']);
    await until('it runs', async () => ((await operations(guest))[0]?.message ? true : null));
    guest.write('proc/sys/kernel/random/boot_id', 'another\n');
    expect((await operations(guest))[0]).toMatchObject({
      state: 'failed',
      message: 'interrupted while: writing "configuration"',
      endedAtMs: null,
    });
    guest.write('go', '');
  });

  it('are never shown as ended with a state of Kubernetes from before their end', async () => {
    const guest = make();
    const operation = 'var/lib/kreconcile-guest/operations/upgrade-1';
    guest.write(`${operation}/verb`, 'upgrade\n');
    guest.write(`${operation}/started`, `${Date.now()}`);
    guest.write(`${operation}/boot`, guest.read('proc/sys/kernel/random/boot_id'));
    // It ends while the distribution is asked.
    guest.write('during-status', `echo 'succeeded 1' >"$ROOT/${operation}/ended"`);
    expect(await operations(guest)).toMatchObject([{ id: 'upgrade-1', state: 'running' }]);
    expect(await operations(guest)).toMatchObject([{ id: 'upgrade-1', state: 'succeeded' }]);
  });

  it('that undo an upgrade end it first, and take the mirrors of today', async () => {
    const guest = make();
    guest.write('upgrade.sh', 'until [ -e "$ROOT/go" ]; do sleep 0.05; done; echo went on >"$ROOT/upgraded"');
    await guest.run(['start', 'upgrade', 'upgrade-1'], encodeInput({ version: 'v1.36.3' }));
    await until('it runs', async () => ((await operations(guest))[0]?.message === 'to v1.36.3' ? true : null));
    expect((await guest.run(['start', 'restart', 'restart-1'])).code).toBe(1);
    const input = {
      version: 'v1.36.3',
      to: 'v1.36.1',
      backup: 'backup-1',
      KUBERNETES_MIRROR: "http://it's",
      VERSION: 'x',
    };
    expect(await guest.run(['start', 'rollback', 'rollback-1'], encodeInput(input))).toMatchObject({ code: 0 });
    expect(await ended(guest, 'rollback-1')).toMatchObject({
      state: 'succeeded',
      result: { mirror: "http://it's", backup: `${guest.root}/var/lib/kreconcile-guest/backups/backup-1` },
    });
    expect(await ended(guest, 'upgrade-1')).toMatchObject({
      state: 'failed',
      message: 'interrupted while: to v1.36.3',
    });
    guest.write('go', '');
    expect(guest.has('upgraded')).toBe(false);
  });

  it.each([
    [{ version: 'v1.36.3', to: '../x' }, /input to is not a version/],
    [{ version: 'v1.36.3', to: 'v1.36.1', backup: '../x' }, /not an operation id/],
  ])('refuse to roll back with %j', async (input, message) => {
    const guest = make();
    await guest.run(['start', 'rollback', 'rollback-1'], encodeInput(input));
    expect(await ended(guest, 'rollback-1')).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(message),
    });
  });

  it('restore nothing but what was uploaded whole', async () => {
    const guest = make();
    guest.write('var/lib/kreconcile-guest/backups/backup-9', 'the backup');
    const sha256 = createHash('sha256').update('the backup').digest('hex');
    const input = { version: 'v1.36.3', backup: 'backup-9', sha256 };
    for (const [id, changes, message] of [
      ['restore-1', { sha256: 'f'.repeat(64) }, /digest/],
      ['restore-2', { backup: 'backup-8' }, /no backup of operation "backup-8"/],
    ] as const) {
      await guest.run(['start', 'restore', id], encodeInput({ ...input, ...changes }));
      expect(await ended(guest, id)).toMatchObject({ state: 'failed', message: expect.stringMatching(message) });
    }
    await guest.run(['start', 'restore', 'restore-3'], encodeInput(input));
    expect(await ended(guest, 'restore-3')).toMatchObject({ state: 'succeeded', result: { restored: 'the backup' } });
  });

  it('list the newest twenty', async () => {
    const guest = make();
    for (let index = 0; index < 25; index++) {
      const folder = `var/lib/kreconcile-guest/operations/stage-${index}`;
      guest.write(`${folder}/verb`, 'stage\n');
      guest.write(`${folder}/started`, `${1_700_000_000_000 + index}`);
      guest.write(`${folder}/ended`, 'succeeded 1700000001000\n');
    }
    const ids = (await operations(guest)).map((operation) => operation.id);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([20, 'stage-5', 'stage-24']);
  });

  it('count as staged only what was staged to its end', async () => {
    const guest = make();
    guest.write('stage.sh', 'false');
    const staged = async () => (JSON.parse((await guest.run(['status'])).stdout) as GuestStatus).kubernetes?.staged;
    await guest.run(['start', 'stage', 'stage-1'], encodeInput({ version: 'v1.36.3' }));
    await ended(guest, 'stage-1');
    expect(await staged()).toEqual([]);
    guest.write('stage.sh', ':');
    await guest.run(['start', 'stage', 'stage-2'], encodeInput({ version: 'v1.36.3' }));
    await ended(guest, 'stage-2');
    expect(await staged()).toEqual(['v1.36.3']);
    await guest.run(['start', 'upgrade', 'upgrade-1'], encodeInput({ version: 'v1.36.3' }));
    expect(await ended(guest, 'upgrade-1')).toMatchObject({ state: 'succeeded', message: 'to v1.36.3' });
    expect(await staged()).toEqual([]);
  });

  it('keep the two newest backups, with digest and size, for root only', async () => {
    const guest = make();
    for (const id of ['backup-a-1', 'backup-b-1', 'backup-c-1']) {
      guest.write('datastore', `the data ${id}`);
      await guest.run(['start', 'backup', id]);
      const sha256 = createHash('sha256').update(`the data ${id}`).digest('hex');
      expect(await ended(guest, id)).toMatchObject({ state: 'succeeded', result: { sha256, size: '19' } });
    }
    expect(guest.has('var/lib/kreconcile-guest/backups/backup-a-1')).toBe(false);
    expect(guest.read('var/lib/kreconcile-guest/backups/backup-c-1')).toBe('the data backup-c-1');
    guest.write('datastore', '');
    await guest.run(['start', 'backup', 'backup-d-1']);
    expect(await ended(guest, 'backup-d-1')).toMatchObject({ state: 'failed', message: 'the backup is empty' });
  });

  it.each([
    ['start', 'rm', 'x-1'],
    ['start', 'stage', '../../etc'],
    ['start', 'stage', ''],
    ['run', 'stage', '.hidden'],
    ['call', 'reboot'],
    ['whatever'],
  ])('refuse %s %s %s', async (...args) => {
    const guest = make();
    expect((await guest.run(args)).code).toBe(2);
    expect(guest.has('var/lib/kreconcile-guest')).toBe(false);
  });
});
