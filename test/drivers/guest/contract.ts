/** What every provider of the guest role promises. Run by the simulator and by qga over a stand-in in `npm test`, by qga in the lab. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Guest } from '../../../src/drivers/guest/guest.ts';
import type { MachineRef } from '../../../src/drivers/hypervisor/hypervisor.ts';
import type { GuestOperation } from '../../../src/model/guest-status.ts';

/** What a provider gives to be held against the contract. */
export interface GuestWorld {
  readonly driver: Guest;
  /** A machine without Kubernetes whose agent answers. */
  readonly machine: MachineRef;
  /** A machine that is off. */
  readonly stopped: MachineRef;
  /** A control plane that is a member of its cluster, and the name of a node of it; `null` where there is none. */
  readonly controlPlane: { readonly machine: MachineRef; readonly node: string } | null;
  /** A text that may be installed as the in-guest program of `machine`. */
  readonly program: string;
  /** Waits until the condition holds: moves the simulator's clock, or polls. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  dispose(): Promise<void>;
}

/** `parts.controlPlane: false` leaves out what only a control plane can show, for worlds that have none. */
export function guestContract(
  name: string,
  make: () => Promise<GuestWorld>,
  parts: { readonly controlPlane: boolean } = { controlPlane: true },
): void {
  describe(`guest contract: ${name}`, () => {
    let made: GuestWorld | undefined;
    const world = (): GuestWorld => {
      if (!made) throw new Error('the world was not made');
      return made;
    };
    beforeAll(async () => {
      made = await make();
    });
    afterAll(async () => {
      await made?.dispose();
    });
    machineContract(world);
    if (parts.controlPlane) controlPlaneContract(world);
  });
}

function machineContract(world: () => GuestWorld): void {
  it('installs the program and tells its digest', async () => {
    const { driver, machine, program } = world();
    await driver.installProgram(machine, program);
    await driver.installProgram(machine, program);
    expect((await driver.status(machine)).program).toBe(`sha256:${createHash('sha256').update(program).digest('hex')}`);
  });

  it('tells the same boot as long as the guest runs', async () => {
    const { driver, machine } = world();
    const [first, second] = [await driver.status(machine), await driver.status(machine)];
    expect(first.bootId).not.toBe('');
    expect(second.bootId).toBe(first.bootId);
    expect(first.kubernetes).toBeNull();
  });

  it('starts an operation once for an id and shows it to its end', async () => {
    const { driver, machine, until } = world();
    const operation = { id: 'bootstrap-contract-1', verb: 'bootstrap', input: {} } as const;
    await driver.startOperation(machine, operation);
    await driver.startOperation(machine, operation);
    await until(
      'the operation ends',
      async () => (await operationOf(world(), machine, operation.id))?.state !== 'running',
    );
    const ended = await operationOf(world(), machine, operation.id);
    expect(ended).toMatchObject({ id: operation.id, verb: 'bootstrap', endedAtMs: expect.any(Number) });
    await driver.startOperation(machine, operation);
    expect(await operationOf(world(), machine, operation.id)).toEqual(ended);
  });

  it('says what a machine without Kubernetes cannot do', async () => {
    const { driver, machine } = world();
    for (const verb of ['cordon', 'join-info', 'kubeconfig'] as const) {
      await expect(driver.call(machine, verb, { node: 'node-1' })).rejects.toMatchObject({ code: 'GuestOperation' });
    }
    await expect(driver.readBackup(machine, 'backup-none-1', 0)).rejects.toMatchObject({ code: 'GuestOperation' });
  });

  it('takes a backup in pieces, of which one may come twice, and gives it out again', async () => {
    const { driver, machine } = world();
    const id = 'backup-upload-1';
    const bytes = Buffer.from(Array.from({ length: 700 }, (_, index) => (index * 7) % 256));
    await driver.writeBackup(
      machine,
      id,
      0,
      Buffer.from('an earlier try that was longer than the first piece of today'),
    );
    await driver.writeBackup(machine, id, 0, bytes.subarray(0, 300));
    await driver.writeBackup(machine, id, 300, bytes.subarray(300, 650));
    await driver.writeBackup(machine, id, 300, bytes.subarray(300, 600));
    await driver.writeBackup(machine, id, 600, bytes.subarray(600));
    expect(Buffer.from(await driver.readBackup(machine, id, 0)).equals(bytes)).toBe(true);
    await expect(driver.writeBackup(machine, id, 701, bytes)).rejects.toMatchObject({ code: 'GuestOperation' });
    await expect(driver.writeBackup(machine, 'backup-upload-2', 1, bytes)).rejects.toMatchObject({
      code: 'GuestOperation',
    });
  });

  it('answers many at once', async () => {
    const { driver, machine } = world();
    const statuses = await Promise.all(Array.from({ length: 12 }, () => driver.status(machine)));
    expect(new Set(statuses.map(({ bootId }) => bootId)).size).toBe(1);
  });

  it('says that a machine which is off is not available, for everything', async () => {
    const { driver, stopped, program } = world();
    const unavailable = { code: 'GuestUnavailable', hint: expect.stringMatching(/\w/) };
    await expect(driver.status(stopped)).rejects.toMatchObject(unavailable);
    await expect(driver.call(stopped, 'join-info', {})).rejects.toMatchObject(unavailable);
    await expect(driver.installProgram(stopped, program)).rejects.toMatchObject(unavailable);
    await expect(driver.writeBackup(stopped, 'x-1', 0, Buffer.from('x'))).rejects.toMatchObject(unavailable);
    await expect(driver.startOperation(stopped, { id: 'x-1', verb: 'backup', input: {} })).rejects.toMatchObject(
      unavailable,
    );
  });
}

function controlPlaneContract(made: () => GuestWorld): void {
  const world = () => {
    const { controlPlane, ...rest } = made();
    if (!controlPlane) throw new Error('the world has no control plane');
    return { ...rest, controlPlane };
  };

  it('cordons once, and uncordons what it cordoned', async () => {
    const { driver, controlPlane, until } = world();
    const node = { node: controlPlane.node };
    const cordoned = async () =>
      (await driver.status(controlPlane.machine)).kubernetes?.nodes.find(({ name }) => name === controlPlane.node)
        ?.cordonedByUs;
    for (const [verb, expected] of [
      ['cordon', true],
      ['uncordon', false],
    ] as const) {
      expect(await driver.call(controlPlane.machine, verb, node)).toEqual({});
      expect(await driver.call(controlPlane.machine, verb, node)).toEqual({});
      await until(`${verb} shows`, async () => (await cordoned()) === expected);
    }
  });

  it('hands out the kubeconfig whose digest the status tells', async () => {
    const { driver, controlPlane } = world();
    const { kubeconfig = '' } = await driver.call(controlPlane.machine, 'kubeconfig', {});
    const text = Buffer.from(kubeconfig, 'base64');
    expect(text.toString('utf8')).toMatch(/^kind: Config$/m);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    expect((await driver.status(controlPlane.machine)).kubernetes?.kubeconfigDigest).toBe(digest);
  });

  it('mints what a worker needs', async () => {
    const { driver, controlPlane } = world();
    expect(Object.keys(await driver.call(controlPlane.machine, 'join-info', {})).length).toBeGreaterThan(0);
  });

  it('makes a backup that is read in pieces and has the digest that it tells', async () => {
    const { driver, controlPlane, until } = world();
    const id = 'backup-contract-1';
    await driver.startOperation(controlPlane.machine, { id, verb: 'backup', input: {} });
    const done = () => operationOf(world(), controlPlane.machine, id);
    await until('the backup is made', async () => (await done())?.state === 'succeeded');
    const pieces: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const piece = await driver.readBackup(controlPlane.machine, id, offset);
      expect(piece.length).toBeLessThanOrEqual(96 * 1024);
      if (piece.length === 0) break;
      pieces.push(piece);
      offset += piece.length;
    }
    const bytes = Buffer.concat(pieces);
    const result = (await done())?.result;
    expect(result?.['sha256']).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(result?.['size']).toBe(String(bytes.length));
  });
}

async function operationOf(
  { driver }: Pick<GuestWorld, 'driver'>,
  machine: MachineRef,
  id: string,
): Promise<GuestOperation | undefined> {
  const found = (await driver.status(machine)).operations.filter((operation) => operation.id === id);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}
