import type { CliContext, Terminal } from '../cli/context.ts';
import { EXIT } from '../cli/exit-code.ts';
import { systemClock } from '../sys/clock.ts';
import { systemExec } from '../sys/exec.ts';
import { systemFiles } from '../sys/files.ts';
import { homeFolder, makeTemporaryFolder, packageFolder } from '../sys/host.ts';
import { createHttp } from '../sys/http.ts';
import { createLog } from '../sys/log.ts';

/** What commands may use of this machine, for real. */
export function createContext(terminal: Terminal, version: string): CliContext {
  const files = systemFiles;
  const parts = {
    files,
    exec: systemExec,
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
    http: createHttp(createLog({ level: 'warn', format: 'text' })),
    home: homeFolder(),
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
