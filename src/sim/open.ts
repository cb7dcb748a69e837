import { randomUUID } from 'node:crypto';
import { KreError } from '../model/error.ts';
import type { Clock, Files } from '../model/ports.ts';
import { certifiedKubeconfigs, placeholderKubeconfigs } from './kubeconfig.ts';
import { newWorld, type WorldSettings } from './new-world.ts';
import type { WorldState } from './state.ts';
import { fileStore, memoryStore } from './store.ts';
import { takeTurns } from './turns.ts';
import { type SimWorld, worldOver } from './world.ts';

export interface WorldOptions extends WorldSettings {
  readonly clock: Clock;
  /** For `sim:///folder`. */
  readonly files?: Files;
  /**
   * `certificates`: kubeconfigs that a simulated API server accepts. `placeholders`: texts that only look like it, which cost nothing.
   * Default: placeholders in memory, certificates in a folder.
   */
  readonly credentials?: 'certificates' | 'placeholders';
}

/**
 * Opens the world at `sim://memory` (a new one each time) or `sim:///folder` (`world.json` in it, made with the first act). `ConfigInvalid` for
 * another address, `StateUnreadable` for a file that holds no world. `speed`, where given, replaces that of a kept world.
 */
export async function openSimWorld(uri: string, options: WorldOptions): Promise<SimWorld> {
  const { clock } = options;
  const folder = folderOf(uri);
  const adopt = (state: { speed: number }): void => {
    if (options.speed !== undefined) state.speed = options.speed;
  };
  if (folder === null) {
    const kubeconfigs = options.credentials === 'certificates' ? certifiedKubeconfigs() : placeholderKubeconfigs();
    const turns = takeTurns(clock, newWorld(clock.now(), options), memoryStore, adopt);
    return worldOver(uri, clock, turns, kubeconfigs);
  }
  if (!options.files) throw invalidUri(uri, 'a world in a folder needs files');
  const store = fileStore(folder, options.files);
  const state = (await store.load()) ?? newWorld(clock.now(), { seed: randomUUID(), ...options });
  adopt(state);
  const kubeconfigs = options.credentials === 'placeholders' ? placeholderKubeconfigs() : certifiedKubeconfigs();
  return worldOver(uri, clock, takeTurns(clock, state, store, adopt), kubeconfigs);
}

/** A world that begins with a given state and is kept in memory; its kubeconfigs are placeholders. */
export function openWorldWith(state: WorldState, clock: Clock): SimWorld {
  return worldOver(
    'sim://memory',
    clock,
    takeTurns(clock, state, memoryStore, () => {}),
    placeholderKubeconfigs(),
  );
}

/** The folder of `sim:///folder`; `null` for `sim://memory`. */
function folderOf(uri: string): string | null {
  if (uri === 'sim://memory') return null;
  const path = /^sim:\/\/(\/.+?)\/?$/.exec(uri)?.[1];
  if (path === undefined) throw invalidUri(uri, 'it names no folder');
  return decodeURI(path);
}

function invalidUri(uri: string, why: string): KreError {
  return new KreError({
    code: 'ConfigInvalid',
    message: `${uri} is not the address of a simulated host: ${why}`,
    hint: 'Write `sim:///absolute/folder` (the simulated host is kept in its world.json) or `sim://memory`.',
    disposition: 'stalled',
  });
}
