import type { TypicalDuration } from '../model/history.ts';
import type { UsedDuration } from '../model/simulation.ts';
import { DEFAULT_DURATIONS, type Durations } from '../sim/durations.ts';

/** Names under which this host's history has what the simulated world calls otherwise. */
const IN_HISTORY: Readonly<Partial<Record<keyof Durations, string>>> = {
  imageDownload: 'fetch-image',
  cloudInit: 'first-boot',
  copyState: 'copy-state',
};
/** Never measured as such: physics of Kubernetes, not of this host. */
const GIVEN: ReadonlySet<string> = new Set(['nodeLost', 'tokenLife', 'apiStart', 'nodeReady']);

/** How long things take here: as this host's own history has it, else as stated by default. */
export function usedDurations(typical: Readonly<Record<string, TypicalDuration>>): {
  readonly durations: Durations;
  readonly used: readonly UsedDuration[];
} {
  const durations: Record<string, number> = { ...DEFAULT_DURATIONS };
  const used: UsedDuration[] = [];
  for (const [what, defaultMs] of Object.entries(DEFAULT_DURATIONS)) {
    const found = GIVEN.has(what) ? undefined : typical[IN_HISTORY[what as keyof Durations] ?? what];
    const ms = found ? Math.max(1, found.medianMs) : defaultMs;
    durations[what] = ms;
    const samples = found?.samples ?? 0;
    if (what !== 'tokenLife') used.push({ what, ms, from: found ? 'history' : 'default', samples });
  }
  return { durations: durations as unknown as Durations, used };
}
