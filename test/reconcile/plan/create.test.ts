import { describe, expect, it } from 'vitest';
import { desire } from '../../../src/reconcile/desire.ts';
import { cluster, DIGEST, machine, options, recipes, setOf } from '../manifests.ts';
import { domainFor, emptyInventory, guards, markFor, NOW, observed, planAt, stepIds } from './world.ts';

const desired = desire(setOf('r1', cluster('dev')), recipes, options);
const plain = desire(setOf('r1', machine('jump')), recipes, options);
const [jump] = plain.machines;
if (!jump) throw new Error('the manifests hold a machine');

describe('planning a cluster on an empty host', () => {
  it('lists the whole road, each need before what needs it', () => {
    const made = planAt(desired, observed());
    expect(stepIds(made)).toMatchInlineSnapshot(`
      [
        "image/debian-13/fetch",
        "machine/dev-cp-1/reserve",
        "machine/dev-cp-1/create",
        "machine/dev-cp-1/start",
        "machine/dev-cp-1/settle",
        "cluster/dev/kubeconfig",
        "machine/dev-general-1/create",
        "machine/dev-general-1/start",
        "machine/dev-general-1/join",
        "machine/dev-general-1/settle",
      ]
    `);
    expect(made.blocks).toEqual([]);
  });

  it('joins the worker only after its own first boot and a ready control plane', () => {
    const join = planAt(desired, observed()).steps.find((step) => step.id === 'machine/dev-general-1/join');
    expect(join?.needs).toEqual(['cluster/dev/control-plane', 'machine/dev-general-1/bootstrap/done']);
  });

  it('runs at first only what nothing stands before', () => {
    const ready = planAt(desired, observed()).steps.filter((step) => step.needs.length === 0);
    expect(ready.map((step) => step.id)).toEqual(['image/debian-13/fetch', 'machine/dev-cp-1/reserve']);
  });

  it('shows a running download and starts no second one', () => {
    const made = planAt(
      desired,
      observed({
        operations: [
          {
            id: `fetch-image-${DIGEST}`,
            state: 'running',
            startedAtMs: NOW,
            endedAtMs: null,
            progress: 0.42,
            message: 'debian-13.qcow2',
          },
        ],
      }),
    );
    expect(stepIds(made)).not.toContain('image/debian-13/fetch');
    expect(made.waits.find((wait) => wait.id === 'image/debian-13/present')?.detail).toBe('42% debian-13.qcow2');
  });
});

describe('what forbids creating a machine', () => {
  it('a foreign domain with its name is a conflict and is left alone', () => {
    const foreign = domainFor(plain, jump, { uuid: '00000000-0000-4000-8000-000000000001', mark: null });
    const made = planAt(plain, observed({ domains: [foreign] }));
    expect(guards(made)).toEqual(['Conflict']);
    expect(made.steps.filter((step) => step.target.kind === 'Machine')).toEqual([]);
  });

  it("another owner's domain is foreign too", () => {
    const theirs = domainFor(plain, jump, { mark: markFor(plain, jump, { owner: 'somebody-else' }) });
    expect(guards(planAt(plain, observed({ domains: [theirs] })))).toEqual(['Conflict']);
  });

  it('a network that is not active names the command that starts it', () => {
    const [network] = emptyInventory.networks;
    const made = planAt(plain, observed({ networks: network ? [{ ...network, active: false }] : [] }));
    expect(made.blocks.map((block) => [block.guard, block.wayOut])).toEqual([
      ['NetworkReady', 'virsh net-start default; virsh net-autostart default'],
    ]);
  });

  it('emulation is refused unless the configuration allows it, and noted when it does', () => {
    const host = {
      ...emptyInventory.host,
      acceleration: 'emulation' as const,
      accelerationReason: '/dev/kvm does not serve',
    };
    expect(guards(planAt({ ...plain, emulationAllowed: false }, observed({ host })))).toEqual(['Emulation']);
    expect(planAt(plain, observed({ host })).notes[0]?.text).toContain('/dev/kvm does not serve');
  });

  it('more memory than the host can promise is said with the numbers', () => {
    const made = planAt(plain, observed({ host: { ...emptyInventory.host, memoryMiB: 1024 } }));
    expect(made.blocks[0]).toMatchObject({ guard: 'HostCapacity', reason: expect.stringContaining('2048 MiB') });
  });

  it('a machine that ran before and lost its state disk is not begun anew', () => {
    const made = planAt(
      desired,
      observed({ folders: [{ machine: 'dev-cp-1', generations: [1], hasStateDisk: false }] }),
    );
    expect(guards(made)).toContain('StateDisk');
    expect(stepIds(made)).not.toContain('machine/dev-cp-1/create');
  });

  it('an unreachable hypervisor is one block and no step', () => {
    const made = planAt(plain, { ...observed(), inventory: { known: false, reason: 'libvirtd is down', atMs: NOW } });
    expect([stepIds(made), guards(made)]).toEqual([[], ['HypervisorUnreachable']]);
  });
});

describe('a domain that somebody undefined', () => {
  it('comes back on its state disk with a new root, and the old root stays', () => {
    const made = planAt(
      desired,
      observed({
        folders: [{ machine: 'dev-cp-1', generations: [1], hasStateDisk: true }],
        images: [{ digest: DIGEST, path: '/i', format: 'qcow2', virtualSizeMiB: 10 }],
      }),
    );
    const create = made.steps.find((step) => step.id === 'machine/dev-cp-1/create');
    expect(create?.action).toMatchObject({ stateDiskNew: false, mark: { generation: 2 } });
  });
});
