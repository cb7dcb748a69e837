import { randomBytes } from 'node:crypto';
import { KreError } from '../model/error.ts';
import type { Files } from '../model/ports.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { safeName } from './store.ts';

/** Secrets of clusters (`secrets/<cluster>/<name>`, 0600): made once, the same for ever after. */
export interface SecretKeeper {
  /** What is there, the missing made from random bytes as hex. `StateUnreadable` for one that is empty: it is never replaced by another. */
  ensure(
    cluster: string,
    requests: readonly { readonly name: string; readonly bytes: number }[],
  ): Promise<Readonly<Record<string, string>>>;
}

export function createSecrets(files: Files, stateFolder: string): SecretKeeper {
  // Two nodes of a cluster may be made at once, and must get the same.
  const inTurn = oneAtATime();
  return {
    ensure: (cluster, requests) =>
      inTurn(async () => {
        const folder = `${stateFolder}/secrets/${safeName(cluster)}`;
        const secrets: Record<string, string> = {};
        for (const request of requests) {
          const path = `${folder}/${safeName(request.name)}`;
          secrets[request.name] = await ensureOne(files, folder, path, request.bytes);
        }
        return secrets;
      }),
  };
}

async function ensureOne(files: Files, folder: string, path: string, bytes: number): Promise<string> {
  const present = (await files.read(path))?.trim();
  if (present !== undefined && present !== '') return present;
  if (present === '') {
    throw new KreError({
      code: 'StateUnreadable',
      message: `${path} is empty`,
      disposition: 'stalled',
      hint: 'Put the secret back from a backup of the state folder; a cluster that was made with it does not accept another.',
    });
  }
  const secret = randomBytes(bytes).toString('hex');
  await files.ensureFolder(folder, 0o700);
  await files.write(path, `${secret}\n`, { mode: 0o600 });
  return secret;
}
