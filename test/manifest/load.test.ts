import { describe, expect, it } from 'vitest';
import { loadManifests } from '../../src/manifest/load.ts';
import { problemText } from '../../src/model/problem.ts';
import {
  cluster,
  document,
  image,
  load,
  loadFiles,
  machine,
  machineClass,
  onlyProblem,
  problemsOf,
  setOf,
} from './documents.ts';

describe('a valid folder', () => {
  it('yields its manifests by kind and name, with the place of each', () => {
    const { revision, manifests } = setOf(
      loadFiles({ 'b/x.yaml': cluster('dev'), 'a.yaml': `${machineClass}---\n${image}` }),
    );
    expect(revision).toBe('r1');
    expect(manifests.map(({ kind, metadata, at }) => `${kind}/${metadata.name} ${at.file}:${at.line}`)).toEqual([
      'Cluster/dev b/x.yaml:1',
      'Image/debian-13 a.yaml:9',
      'MachineClass/small a.yaml:1',
    ]);
  });

  it('means the same in whatever order files and documents come', () => {
    const without = (files: Record<string, string>) =>
      setOf(loadFiles(files)).manifests.map(({ kind, metadata, spec }) => ({ kind, metadata, spec }));
    expect(without({ 'a.yaml': cluster('dev'), 'b.yaml': image, 'c.yaml': machineClass })).toEqual(
      without({ 'x.yaml': [machineClass, image, cluster('dev')].join('---\n') }),
    );
  });

  it('may be empty: no file, an empty file, comments alone, empty documents', () => {
    expect(loadFiles({})).toMatchObject({ ok: true, fileCount: 0, documentCount: 0 });
    expect(loadFiles({ 'a.yaml': '', 'b.yaml': '# nothing\n', 'c.yaml': '---\n---\n' })).toMatchObject({
      ok: true,
      fileCount: 3,
      documentCount: 0,
      set: { manifests: [] },
    });
  });

  it('may use aliases, whose problems are found where the value is written', () => {
    const text = cluster(
      'dev',
      'workers:',
      '  - &pool {name: a, replicas: 1, machineClass: small}',
      'config: {pool: *pool}',
    );
    expect(load(image, machineClass, text).ok).toBe(true);
  });

  it('keeps the own keys of a distribution as they are written', () => {
    const [found] = setOf(
      load(cluster('dev', 'config: {kubelet-arg: [max-pods=50], nested: {yes: no, at: 12:30}}'), image, machineClass),
    ).manifests;
    expect(found).toMatchObject({
      spec: { config: { 'kubelet-arg': ['max-pods=50'], nested: { yes: 'no', at: '12:30' } } },
    });
  });
});

describe('problems', () => {
  const broken = [
    image.replace('os: debian', 'os: debain'),
    machineClass.replace('memory: 4Gi', 'memory: lots'),
    cluster('dev', 'workers:', '  - {name: a, replicas: two, machineClass: smal}', 'replicas: 3'),
  ];

  it('come all at once, in the order of the text', () => {
    const lines = problemsOf(load(...broken)).map(({ line, column, path }) => `${line}:${column} ${path}`);
    expect(lines).toEqual([
      '5:7 spec.os',
      '15:11 spec.memory',
      '27:27 spec.workers[0].replicas',
      '27:46 spec.workers[0].machineClass',
      '28:3 spec.replicas',
    ]);
  });

  it('say what was found, what is allowed and what to do', () => {
    const [os, memory, replicas, , unknown] = problemsOf(load(...broken));
    expect(os).toMatchObject({ found: '"debain"', allowed: 'debian, ubuntu', hint: 'Did you mean "debian"?' });
    expect(memory).toMatchObject({
      code: 'ManifestInvalid',
      found: '"lots"',
      allowed: expect.stringContaining('512Mi'),
    });
    expect(replicas).toMatchObject({ found: '"two"', allowed: 'whole number' });
    expect(unknown).toMatchObject({ found: '"replicas"', allowed: expect.stringContaining('controlPlane') });
    expect(os && problemText(os)).toBe('a.yaml:5:7: spec.os is "debain"; allowed: debian, ubuntu');
  });

  it('tell of a required key that is misspelt once, with the one that was meant', () => {
    const misspelt = problemsOf(load(image, machineClass.replace('memory:', 'memmory:')));
    expect(misspelt.map(({ path, message, hint }) => [path, message, hint])).toEqual([
      ['spec.memmory', 'unknown key "memmory" in spec', 'Did you mean "memory"?'],
    ]);
    const both = problemsOf(load(image, machineClass.replace('memory:', 'ram:')));
    expect(both.map(({ message }) => message).sort()).toEqual(['spec.memory is missing', 'unknown key "ram" in spec']);
  });

  it('point at the parent of a missing key and at the key of an empty value', () => {
    const text = image.replace('  os: debian\n', '').replace('version: "13"', 'version:');
    expect(problemsOf(load(text)).map(({ line, path, hint }) => ({ line, path, hint }))).toEqual([
      { line: 4, path: 'spec.os', hint: 'Add it: debian, ubuntu.' },
      { line: 5, path: 'spec.version', hint: 'Give it a value, or remove the key.' },
    ]);
  });

  it('tell a number from a text', () => {
    expect(onlyProblem(load(image.replace('"13"', '13'))).hint).toBe('Put it in quotes: "13".');
    expect(onlyProblem(load(machineClass.replace('cpus: 2', 'cpus: "2"'))).hint).toContain('without quotes');
  });

  it('explain that merge keys are not supported', () => {
    expect(onlyProblem(load(machineClass.replace('cpus: 2', 'cpus: 2\n  <<: {x: 1}'))).hint).toContain('merge keys');
  });

  it.each([
    ['a text', 'just words\n', 'the document is "just words"'],
    ['a list', '- kind: Image\n', 'the document is a list of 1'],
    ['an unknown kind', document('Clutser', 'x', ['a: b']), 'kind is "Clutser", which is not known'],
    ['no kind', 'apiVersion: kreconcile.dev/v1alpha1\n', 'kind is missing'],
    [
      'a manifest of Kubernetes',
      'apiVersion: apps/v1\nkind: Deployment\n',
      'apiVersion is "apps/v1": this is no manifest of kreconcile',
    ],
    [
      'another version',
      image.replace('v1alpha1', 'v1'),
      'apiVersion is "kreconcile.dev/v1"; allowed: kreconcile.dev/v1alpha1',
    ],
    ['no spec', 'apiVersion: kreconcile.dev/v1alpha1\nkind: Network\nmetadata: {name: x}\n', 'spec is missing'],
  ])('refuse %s', (_, text, message) => {
    expect(onlyProblem(load(text)).message).toBe(message);
  });

  it('never show the credentials of a URL or the body of a long text', () => {
    const url = image.replace('https://images', 'https://bob:hunter2@images');
    const key = machine('m', 'access: {sshAuthorizedKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----\\nSECRET"]}');
    const all = JSON.stringify(problemsOf(load(url, key, machineClass)));
    expect(all).toContain('***@images');
    expect(all).not.toMatch(/hunter2|SECRET/);
    expect(all).toContain('This is a private key');
  });

  it('of a distribution stand at their field', () => {
    const files = [
      { path: 'a.yaml', content: [cluster('dev', 'config: {token: x}'), image, machineClass].join('---\n') },
    ];
    const check = () => [{ path: 'spec.config.token', message: 'spec.config.token is set', allowed: 'no token' }];
    const result = loadManifests({ revision: 'r1', files, checkCluster: check });
    expect(onlyProblem(result)).toMatchObject({
      line: 9,
      path: 'spec.config.token',
      found: '"x"',
      allowed: 'no token',
    });
  });
});
