import { DEFAULTS } from '../model/defaults.ts';
import type { Kind } from '../model/manifest.ts';
import { controlPlaneName, workerName } from '../model/node-name.ts';
import type { Problem } from '../model/problem.ts';
import type { ManifestDraft } from './draft.ts';
import { placed } from './draft.ts';
import { valueAt } from './issue.ts';
import type { Path } from './kind.ts';
import { nearest } from './near.ts';
import { positionOf } from './position.ts';
import { pathText, quote } from './quote.ts';

const namePath: Path = ['metadata', 'name'];

/** Two documents that claim one kind and name; the later one in order of files is reported, both are named. */
export function duplicateNames(drafts: readonly ManifestDraft[]): Problem[] {
  return clashes(
    drafts.flatMap((draft) =>
      draft.metadata.name === undefined
        ? []
        : [
            {
              key: `${draft.kind} ${draft.metadata.name}`,
              claim: `${draft.kind} "${draft.metadata.name}"`,
              draft,
              path: namePath,
            },
          ],
    ),
  );
}

/** Machines and nodes of clusters that would have the same name, and so the same domain. */
export function machineNameClashes(drafts: readonly ManifestDraft[]): Problem[] {
  const claims = drafts.flatMap((draft) =>
    machineNames(draft).map(({ name, path }) => ({ key: name, claim: `the machine name "${name}"`, draft, path })),
  );
  // Two objects of one kind and name are reported as such; that all their nodes clash too is no news.
  return clashes(claims, (a, b) => a.kind === b.kind && a.metadata.name === b.metadata.name);
}

function machineNames(draft: ManifestDraft): { readonly name: string; readonly path: Path }[] {
  const name = draft.metadata.name;
  if (name === undefined) return [];
  if (draft.kind === 'Machine') return [{ name, path: namePath }];
  if (draft.kind !== 'Cluster') return [];
  const replicas = draft.spec.controlPlane?.replicas ?? DEFAULTS.controlPlaneReplicas;
  const controlPlanes = count(replicas).map((n) => ({ name: controlPlaneName(name, n), path: namePath }));
  const workers = (draft.spec.workers ?? []).flatMap((pool, index) =>
    pool?.name === undefined
      ? []
      : count(pool.replicas ?? 0).map((n) => ({
          name: workerName(name, pool.name ?? '', n),
          path: ['spec', 'workers', index, 'name'],
        })),
  );
  return [...controlPlanes, ...workers];
}

function count(replicas: number): number[] {
  return Array.from({ length: replicas }, (_, index) => index + 1);
}

interface Claim {
  readonly key: string;
  /** What is claimed, in words. */
  readonly claim: string;
  readonly draft: ManifestDraft;
  readonly path: Path;
}

type SameObject = (a: ManifestDraft, b: ManifestDraft) => boolean;

function clashes(claims: readonly Claim[], isSame: SameObject = () => false): Problem[] {
  const first = new Map<string, Claim>();
  const reported = new Set<string>();
  return claims.flatMap(({ key, claim, draft, path }) => {
    const earlier = first.get(key);
    if (!earlier) {
      first.set(key, { key, claim, draft, path });
      return [];
    }
    const problem: Problem = {
      ...placed(draft.document, {
        code: 'ManifestDuplicate',
        path,
        found: quote(valueAt(draft.document.value, path)),
        allowed: 'a name that no other object has',
        message: `${claim} is claimed twice`,
        hint: 'Rename one of the two, or remove it.',
      }),
      related: positionOf(earlier.draft.document, earlier.path),
    };
    // A pool of three that clashes clashes three times: once is enough.
    const place = `${problem.file}:${problem.line}:${problem.column}`;
    if (reported.has(place) || isSame(earlier.draft, draft)) return [];
    reported.add(place);
    return [problem];
  });
}

/** Names of objects that no document has. The network `default` is built in. */
export function danglingReferences(drafts: readonly ManifestDraft[]): Problem[] {
  const names = new Map<Kind, Map<string, ManifestDraft>>();
  for (const draft of drafts) {
    const ofKind = names.get(draft.kind) ?? new Map<string, ManifestDraft>();
    if (draft.metadata.name !== undefined) ofKind.set(draft.metadata.name, draft);
    names.set(draft.kind, ofKind);
  }
  return drafts.flatMap((draft) =>
    referencesOf(draft).flatMap(({ kind, name, path }) => {
      const known = names.get(kind) ?? new Map<string, ManifestDraft>();
      const isBuiltIn = kind === 'Network' && name === DEFAULTS.network;
      return known.has(name) || isBuiltIn ? [] : [dangling(draft, kind, name, path, known)];
    }),
  );
}

interface Reference {
  readonly kind: Kind;
  readonly name: string;
  readonly path: Path;
}

function referencesOf(draft: ManifestDraft): readonly Reference[] {
  if (draft.kind !== 'Cluster' && draft.kind !== 'Machine') return [];
  const list: [Kind, string | undefined, Path][] = [
    ['Image', draft.spec.image, ['spec', 'image']],
    ['Network', draft.spec.network, ['spec', 'network']],
  ];
  if (draft.kind === 'Machine') list.push(['MachineClass', draft.spec.machineClass, ['spec', 'machineClass']]);
  else {
    list.push(['MachineClass', draft.spec.controlPlane?.machineClass, ['spec', 'controlPlane', 'machineClass']]);
    for (const [index, pool] of (draft.spec.workers ?? []).entries()) {
      list.push(['MachineClass', pool?.machineClass, ['spec', 'workers', index, 'machineClass']]);
    }
  }
  return list.flatMap(([kind, name, path]) => (name === undefined ? [] : [{ kind, name, path }]));
}

function dangling(
  draft: ManifestDraft,
  kind: Kind,
  name: string,
  path: Path,
  known: ReadonlyMap<string, ManifestDraft>,
): Problem {
  const candidates = [...known.keys()].sort();
  const near = nearest(name, candidates);
  const other = near === null ? undefined : known.get(near);
  const listed = candidates.slice(0, 8).join(', ');
  return {
    ...placed(draft.document, {
      code: 'ManifestReference',
      path,
      found: quote(name),
      allowed:
        candidates.length === 0
          ? `the name of ${article(kind)} ${kind}; there is none`
          : `the name of ${article(kind)} ${kind}: ${listed}`,
      message: `${pathText(path)} names the ${kind} "${name}", which does not exist`,
      hint:
        near === null
          ? `Add a document of kind ${kind} with the name ${name}, or correct the name.`
          : `Did you mean "${near}"?`,
    }),
    related: other && positionOf(other.document, namePath),
  };
}

function article(kind: Kind): string {
  return kind === 'Image' ? 'an' : 'a';
}
