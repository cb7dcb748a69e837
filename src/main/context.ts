import type { CliContext, Terminal } from '../cli/context.ts';
import { EXIT } from '../cli/exit-code.ts';
import { systemClock } from '../sys/clock.ts';
import { systemFiles } from '../sys/files.ts';
import { calledAs, homeFolder, makeTemporaryFolder, packageFolder } from '../sys/host.ts';

/** What commands may use of this machine, for real. A library is loaded by whoever uses it: start-up is time that a person waits. */
export function createContext(terminal: Terminal, version: string): CliContext {
  const files = systemFiles;
  const parts = {
    files,
    clock: systemClock,
    env: process.env,
    cwd: process.cwd(),
    version,
    isErrTerminal: terminal.isErrTerminal,
    errHasColor: terminal.errHasColor,
  };
  return {
    ...parts,
    terminal,
    http: { call: async (call) => (await import('../sys/http-call.ts')).callSocket(call) },
    exec: { run: async (request) => (await import('../sys/exec.ts')).systemExec.run(request) },
    home: homeFolder(),
    calledAs: calledAs(process.argv[1], process.cwd()),
    packageFolder: packageFolder(),
    signal: stopSignal(),
    openHost: async (options) => (await import('./host.ts')).openHost(parts, options),
    async loadFolder(folder) {
      const [{ loadManifestFolder }, { loadLibrary }] = await Promise.all([
        import('../manifest/load.ts'),
        import('./library.ts'),
      ]);
      const { checkCluster } = await loadLibrary(files);
      return loadManifestFolder(files, folder, { revision: folder, checkCluster });
    },
    makeTemporaryFolder,
  };
}

/** Aborts at the first Ctrl-C or SIGTERM; whoever asks a second time gets no more patience. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop.signal;
}
