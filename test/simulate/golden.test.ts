import { describe, expect, it } from 'vitest';
import { timelineSvg } from '../../src/cli/view/picture/timeline-svg.ts';
import { simulationText } from '../../src/cli/view/simulation/text.ts';
import { createStyle } from '../../src/cli/view/style.ts';
import type { ManifestSet } from '../../src/model/manifest.ts';
import type { Simulation } from '../../src/model/simulation.ts';
import { cluster, debianImage, machine, OTHER_DIGEST, setOf } from '../reconcile/manifests.ts';
import { createSite, type Site } from './site.ts';

/** One cluster and one machine, as people have them. */
function site(revision: string, version: string): ManifestSet {
  return setOf(revision, cluster('dev', { version }), machine('jump'));
}

function withImage(set: ManifestSet): ManifestSet {
  return {
    ...set,
    manifests: set.manifests.map((entry) => (entry.kind === 'Image' ? debianImage(OTHER_DIGEST) : entry)),
  };
}

async function readySite(): Promise<Site> {
  const ready = await createSite();
  await ready.rollOut(site('r1', 'v1.36.3+k3s1'));
  return ready;
}

const shown = (simulation: Simulation): string =>
  simulationText(simulation, { style: createStyle(false), columns: 100 }).replace(
    /as it was at .*?\. N/,
    'as it was at …. N',
  );

describe('a rehearsal is told', () => {
  it('of a new site', async () => {
    const simulation = await (await createSite()).rehearse(site('r1', 'v1.36.3+k3s1'));
    await expect(shown(simulation)).toMatchFileSnapshot('golden/new-site.txt');
    await expect(timelineSvg(simulation)).toMatchFileSnapshot('golden/new-site.svg');
  });

  it('of an upgrade, with who is away and for how long', async () => {
    const simulation = await (await readySite()).rehearse(site('r2', 'v1.36.4+k3s1'));
    await expect(shown(simulation)).toMatchFileSnapshot('golden/upgrade.txt');
    await expect(timelineSvg(simulation)).toMatchFileSnapshot('golden/upgrade.svg');
  });

  it('of a new image, which replaces root disks one after the other', async () => {
    const simulation = await (await readySite()).rehearse(withImage(site('r2', 'v1.36.3+k3s1')));
    await expect(shown(simulation)).toMatchFileSnapshot('golden/new-image.txt');
    await expect(timelineSvg(simulation)).toMatchFileSnapshot('golden/new-image.svg');
  });

  it('of a new image that does not boot, and of the way back', async () => {
    const ready = await readySite();
    const simulation = await ready.rehearse(withImage(site('r2', 'v1.36.3+k3s1')), ['boot:dev-cp-1']);
    expect(simulation.end).toEqual({
      kind: 'rolled-back',
      machines: ['dev-cp-1'],
      guards: expect.arrayContaining(['Quarantined']),
    });
    await expect(shown(simulation)).toMatchFileSnapshot('golden/rolled-back.txt');
    await expect(timelineSvg(simulation)).toMatchFileSnapshot('golden/rolled-back.svg');
  });

  it('of an upgrade that fails on its way: the API is away for each try and for the way back', async () => {
    const simulation = await (await readySite()).rehearse(site('r2', 'v1.36.4+k3s1'), ['upgrade:dev-cp-1']);
    expect(simulation.end).toMatchObject({ kind: 'rolled-back', machines: ['dev-cp-1'] });
    await expect(shown(simulation)).toMatchFileSnapshot('golden/upgrade-fails.txt');
    expect(shown(simulation)).toMatch(/API of dev +away for .*\(2 times/);
  });

  it('of a revision that a guard forbids, with the way out', async () => {
    const simulation = await (await readySite()).rehearse(site('r2', 'v1.35.8+k3s1'));
    await expect(shown(simulation)).toMatchFileSnapshot('golden/downgrade.txt');
    await expect(timelineSvg(simulation)).toMatchFileSnapshot('golden/downgrade.svg');
  });

  it('of a revision that asks for nothing new', async () => {
    const simulation = await (await readySite()).rehearse(site('r2', 'v1.36.3+k3s1'));
    expect(shown(simulation)).toMatch(/^Nothing to do: the host is as revision r2 asks\./);
    expect(simulation).toMatchObject({ end: { kind: 'converged' }, tookMs: 0, activities: [] });
  });
});

describe('the picture', () => {
  it('is the same for the same rehearsal, well-formed, and brings all that it needs', async () => {
    const [one, other] = [await readySite(), await readySite()];
    const picture = timelineSvg(await one.rehearse(site('r2', 'v1.36.4+k3s1')));
    expect(timelineSvg(await other.rehearse(site('r2', 'v1.36.4+k3s1')))).toBe(picture);
    expect(picture).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img" aria-labelledby="title desc">/,
    );
    expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|href|@import|url\(/);
    const open = [...picture.matchAll(/<([a-z]+)(?: [^<>]*?)?(?<!\/)>/g)].map(([, name]) => name).sort();
    const closed = [...picture.matchAll(/<\/([a-z]+)>/g)].map(([, name]) => name).sort();
    expect(open).toEqual(closed);
  });

  it('keeps names and messages from outside from becoming markup', async () => {
    const simulation = await (await readySite()).rehearse(site('r2', 'v1.36.4+k3s1'));
    const [first, ...rest] = simulation.activities;
    const wild = {
      ...(first as (typeof simulation.activities)[0]),
      title: '</title><script>alert("x")</script>',
      endMs: 60_000,
    };
    const picture = timelineSvg({ ...simulation, activities: [wild, ...rest] });
    expect(picture).not.toContain('<script');
    expect(picture).toContain('&lt;script&gt;');
  });

  it('draws a day of waiting short, and says so', async () => {
    const simulation = await (await readySite()).rehearse(site('r2', 'v1.36.4+k3s1'));
    const [first, ...rest] = simulation.activities;
    const day = 24 * 3_600_000;
    const last = {
      ...(first as (typeof simulation.activities)[0]),
      startMs: simulation.tookMs + day,
      endMs: simulation.tookMs + day,
    };
    const picture = timelineSvg({ ...simulation, activities: [...rest, last], tookMs: simulation.tookMs + day });
    expect(picture).toContain('1 d in which nothing begins or ends');
  });
});
