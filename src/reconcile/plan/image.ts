import type { DesiredImage } from '../../model/desired.ts';
import { type Draft, draftFor } from './draft.ts';
import type { Facts } from './facts.ts';

/** By image digest: what must come before a disk can be made on it. An image that is in the store needs nothing. */
export interface ImageRoads {
  readonly drafts: readonly Draft[];
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

/** Fetches the images that a machine which does not exist yet is made from. */
export function planImages(facts: Facts): ImageRoads {
  const wanted = new Set(
    facts.desired.machines
      .filter((machine) => !facts.domainsByUuid.has(machine.uuid))
      .map((machine) => machine.spec.image.digest),
  );
  const needs = new Map<string, readonly string[]>();
  const drafts = facts.desired.images
    .filter((image) => wanted.has(image.digest) && !facts.imageDigests.has(image.digest))
    .map((image) => {
      const draft = draftFor(facts, { kind: 'Image', name: image.name }, null);
      needs.set(image.digest, planFetch(facts, image, draft));
      return draft;
    });
  return { drafts, needs };
}

function planFetch(facts: Facts, image: DesiredImage, draft: Draft): readonly string[] {
  const step = `image/${image.name}/fetch`;
  const operation = facts.inventory.operations.find((entry) => entry.id === `fetch-image-${image.digest}`);
  const present = (detail: string, needs: readonly string[]) =>
    draft.wait({
      id: `image/${image.name}/present`,
      condition: `image ${image.name} is in the store`,
      detail,
      needs,
      pollMs: 1_000,
    });
  if (operation?.state === 'running') return present(progressText(operation.progress, operation.message), []);
  const failed = operation?.state === 'failed';
  const held = failed ? draft.pause(step, `fetch image ${image.name}`, operation.endedAtMs, operation.message) : [];
  const fetch = draft.step({
    id: step,
    title: `fetch image ${image.name}`,
    needs: held,
    action: { kind: 'fetch-image', image: image.digest },
    reason: failed
      ? `the last attempt failed: ${operation.message}`
      : 'a machine is to be made from it and it is not in the store',
  });
  return present('', fetch);
}

function progressText(progress: number | null, message: string): string {
  return progress === null ? message : `${Math.floor(progress * 100)}% ${message}`.trim();
}
