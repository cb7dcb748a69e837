import type { Guest } from '../drivers/guest/guest.ts';
import type { Hypervisor } from '../drivers/hypervisor/hypervisor.ts';
import type { AgentConfig } from '../model/agent-config.ts';
import type { Http } from '../model/http.ts';
import type { Clock, Files, Log } from '../model/ports.ts';

export interface DriverParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly files: Files;
  readonly http: Http;
  readonly log: Log;
}

export interface Drivers {
  readonly hypervisor: Hypervisor;
  readonly guest: Guest;
  /** What a simulated host needs to be reached from outside; nothing on a real one. */
  serve(): Promise<{ stop(): Promise<void> }>;
}

/** The drivers behind an address: `sim:…` is the simulator, everything else is libvirt's. */
export function openDrivers(parts: DriverParts): Promise<Drivers> {
  return parts.config.hypervisor.uri.startsWith('sim:') ? openSimulator(parts) : openLibvirt(parts);
}

async function openSimulator({ config, clock, files, http, log }: DriverParts): Promise<Drivers> {
  const [{ openSimWorld }, { createSimHypervisor }, { createSimGuest }] = await Promise.all([
    import('../sim/open.ts'),
    import('../drivers/hypervisor/sim/index.ts'),
    import('../drivers/guest/sim/index.ts'),
  ]);
  const world = await openSimWorld(config.hypervisor.uri, { clock, files });
  return {
    hypervisor: createSimHypervisor(world, { owner: config.owner }),
    guest: createSimGuest(world),
    async serve() {
      const { serveSimulatedApi } = await import('../sim/api-server/serve.ts');
      return serveSimulatedApi(world, { http, log });
    },
  };
}

async function openLibvirt({ config, clock, files, log }: DriverParts): Promise<Drivers> {
  const [{ createVirsh }, { createLibvirt }, { systemExec: exec }, { systemDownloads }] = await Promise.all([
    import('../virsh/virsh.ts'),
    import('../drivers/hypervisor/libvirt/index.ts'),
    import('../sys/exec.ts'),
    import('../sys/download.ts'),
  ]);
  const virsh = createVirsh({ exec, uri: config.hypervisor.uri, log });
  const hypervisor = createLibvirt({
    virsh,
    exec,
    files,
    downloads: systemDownloads,
    clock,
    log,
    imagesFolder: config.folders.images,
    owner: config.owner,
    allowEmulation: config.hypervisor.allowEmulation,
  });
  const nothing = { stop: () => Promise.resolve() };
  const guest = loadedWhenAsked(async () =>
    (await import('../drivers/guest/qga/index.ts')).createQga({ virsh, clock }),
  );
  return { hypervisor, guest, serve: () => Promise.resolve(nothing) };
}

/** The driver, loaded at the first question to a guest: the hypervisor is asked first, and need not wait for it. */
function loadedWhenAsked(load: () => Promise<Guest>): Guest {
  let loaded: Promise<Guest> | null = null;
  const guest = (): Promise<Guest> => {
    loaded ??= load();
    return loaded;
  };
  return {
    status: async (...args) => (await guest()).status(...args),
    startOperation: async (...args) => (await guest()).startOperation(...args),
    call: async (...args) => (await guest()).call(...args),
    readBackup: async (...args) => (await guest()).readBackup(...args),
    writeBackup: async (...args) => (await guest()).writeBackup(...args),
    installProgram: async (...args) => (await guest()).installProgram(...args),
  };
}
