import type { Mark } from '../../model/mark.ts';
import type { Domain, DomainShape } from '../../model/observed.ts';
import type { Draft } from './draft.ts';

/** Tells where the definition in force or that of the next boot is not what was applied. Reported, never fought. */
export function noteDrift(domain: Domain, mark: Mark, draft: Draft): void {
  for (const text of [
    ...driftOf(domain.next, mark, 'at the next boot'),
    ...(domain.live ? driftOf(domain.live, mark, 'now') : []),
  ]) {
    draft.note(`${domain.name}: ${text}; somebody changed it`);
  }
}

function driftOf(shape: DomainShape, mark: Mark, when: string): readonly string[] {
  const found: string[] = [];
  if (shape.cpus !== mark.spec.cpus) found.push(`${shape.cpus} vCPUs ${when}, ${mark.spec.cpus} applied`);
  if (shape.memoryMiB !== mark.spec.memoryMiB)
    found.push(`${shape.memoryMiB} MiB of memory ${when}, ${mark.spec.memoryMiB} applied`);
  const { attach } = mark.spec.network;
  if (!shape.interfaces.some((entry) => entry.kind === attach.kind && entry.source === attach.name)) {
    found.push(`no interface on ${attach.kind} ${attach.name} ${when}`);
  }
  return found;
}
