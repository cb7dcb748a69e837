import type { DesiredImage, DesiredMachine } from '../../model/desired.ts';
import type { Mark } from '../../model/mark.ts';
import type { Domain } from '../../model/observed.ts';
import { type Draft, draftFor } from './draft.ts';
import { type Facts, markOf, ownMark } from './facts.ts';
import { isQuarantined, refusalOf, renewalOf } from './renewal.ts';

type Needs = readonly string[];

/** By image digest: what must come before a disk can be made on it. An image that is in the store needs nothing. */
export interface ImageRoads {
  readonly drafts: readonly Draft[];
  readonly needs: ReadonlyMap<string, readonly string[]>;
}

/** Fetches the images that a machine which does not exist yet is made from or that is to get a new root disk, and those under the disks of machines that are to be started. */
export function planImages(facts: Facts): ImageRoads {
  const wanted = new Set(
    facts.desired.machines.flatMap((machine) =>
      [imageToHave(facts, machine) ?? [], nextImage(facts, machine) ?? []].flat(),
    ),
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

/** The image that must be in the store before the machine can run; `null` for one that runs or should not. */
function imageToHave(facts: Facts, machine: DesiredMachine): string | null {
  const domain = facts.domainsByUuid.get(machine.uuid);
  if (!domain) return machine.spec.image.digest;
  return isToStart(domain) && machine.powerState === 'On'
    ? (ownMark(domain, facts.desired.owner)?.spec.image.digest ?? null)
    : null;
}

/** The image of a root disk that the machine is to get; `null` where none may be. */
function nextImage(facts: Facts, machine: DesiredMachine): string | null {
  const mark = markOf(facts, machine.name);
  const renewal = mark && machine.powerState === 'On' ? renewalOf(facts, machine, mark) : null;
  if (!mark || renewal?.what !== 'recreate' || isQuarantined(mark, renewal.digest)) return null;
  return refusalOf(facts, machine, mark, renewal) === null ? renewal.spec.image.digest : null;
}

function isToStart({ state }: Domain): boolean {
  return state === 'shut off' || state === 'crashed';
}

/**
 * What must come before a stopped machine can start again on the disk that it has: a root disk holds only what differs from its image. `null`,
 * with the block, where the image is gone and no manifest tells where to fetch it.
 */
export function planImageUnder(
  facts: Facts,
  domain: Domain,
  mark: Mark,
  images: ImageRoads['needs'],
  draft: Draft,
): Needs | null {
  const { image } = mark.spec;
  if (!isToStart(domain) || facts.imageDigests.has(image.digest)) return [];
  const fetched = images.get(image.digest);
  if (fetched) return fetched;
  draft.block({
    guard: 'ImageReady',
    reason: `the image under the root disk of ${mark.machine} (${image.os} ${image.version}, ${image.digest}) is not in the store any more`,
    wayOut: 'Commit an Image with this checksum, which is fetched then, or put its file back into the store.',
  });
  return null;
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
      : 'a machine is to run on it and it is not in the store',
  });
  return present('', fetch);
}

function progressText(progress: number | null, message: string): string {
  return progress === null ? message : `${Math.floor(progress * 100)}% ${message}`.trim();
}
