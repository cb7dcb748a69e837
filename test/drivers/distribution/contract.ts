import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import type { Distribution, NodeContext } from '../../../src/drivers/distribution/distribution.ts';
import { assembleProgram } from '../../../src/drivers/guest/program/assemble.ts';
import type { ClusterSpec } from '../../../src/model/manifest.ts';
import type { KubernetesSpec } from '../../../src/model/spec.ts';
import { base, type GuestRoot, makeGuestRoot, shells } from '../guest/program/guest-root.ts';
import { type NodeChanges, nodeOf } from './nodes.ts';

/** A provider of the role and what the suite cannot know of it. */
export interface Subject {
  readonly distribution: Distribution;
  /** A release that it installs. */
  readonly version: string;
  /** Configuration of the manifest's author, and a text of it that must reach a file of a control plane. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly configText: string;
  /** Configuration that nobody but kreconcile may give, with the path that is reported. */
  readonly refused: { readonly config: Readonly<Record<string, unknown>>; readonly path: string };
}

/** What the base of the in-guest program leaves to a library. */
const libraryFunctions = [
  'kube',
  'dist_bootstrap',
  'dist_join',
  'dist_stage',
  'dist_backup',
  'dist_upgrade',
  'dist_rollback',
  'dist_restore',
  'dist_renew_certificates',
  'dist_restart',
  'dist_api_ca',
  'node_kube',
  'dist_remove_member',
  'dist_join_info',
  'dist_kubeconfig',
  'dist_status',
];

const secret = 'c'.repeat(64);

/** What every distribution promises. */
export function distributionContract(subject: Subject): void {
  const { distribution, version } = subject;
  const specOf = (changes: Partial<ClusterSpec> = {}): ClusterSpec => ({
    distribution: distribution.name,
    version,
    image: 'debian-13',
    controlPlane: { machineClass: 'small' },
    ...changes,
  });
  const node = (role: KubernetesSpec['role'], changes: NodeChanges = {}): NodeContext =>
    nodeOf(distribution.recipe(specOf()), { distribution: distribution.name, version }, role, changes);
  const secrets = Object.fromEntries(distribution.secrets.map((request) => [request.name, secret]));
  const files = (role: KubernetesSpec['role'], changes: NodeChanges = {}) =>
    distribution.firstBootFiles(node(role, changes), secrets);

  describe(`${distribution.name}, as every distribution`, () => {
    rulesContract(subject, specOf);
    describe('first boot', () => {
      it.each(['control-plane', 'worker'] as const)('writes files of a %s that cloud-init can place', (role) => {
        const paths = files(role).map((file) => file.path);
        expect(new Set(paths).size).toBe(paths.length);
        for (const file of files(role)) {
          expect(file.path).toMatch(/^(\/[A-Za-z0-9._:-]+)+$/);
          expect(file.permissions).toMatch(/^0[0-7]{3}$/);
          expect(file.content).toMatch(/\n$/);
        }
      });

      it.each(['control-plane', 'worker'] as const)('puts nothing of a %s where the state disk is mounted', (role) => {
        const kept = distribution.recipe(specOf()).keepPaths;
        expect(files(role).filter((file) => kept.some((path) => file.path.startsWith(`${path}/`)))).toEqual([]);
      });

      it('shows secrets in marked files of a control plane alone, readable by root', () => {
        const marked = files('control-plane').filter((file) => file.content.includes(secret));
        expect(marked.every((file) => file.secret && file.permissions === '0600')).toBe(true);
        expect(marked.length).toBe(distribution.secrets.length);
        expect(files('worker').filter((file) => file.secret || file.content.includes(secret))).toEqual([]);
        expect(JSON.stringify(distribution.settings(node('control-plane')))).not.toContain(secret);
      });

      it('tells the API server every name under which it is reached', () => {
        const text = files('control-plane', {
          kubernetes: { endpointHost: 'dev.kreconcile.internal' },
          cluster: { endpoint: { host: 'published.example', port: 443 } },
        })
          .map((file) => file.content)
          .join('\n');
        for (const name of ['dev.kreconcile.internal', 'published.example', '192.168.122.10'])
          expect(text).toContain(name);
      });

      it("passes the manifest's own keys on", () => {
        const text = files('control-plane', { kubernetes: { config: subject.config } }).map((file) => file.content);
        expect(text.join('\n')).toContain(subject.configText);
      });

      it('renders the same for the same node', () => {
        expect(files('worker')).toEqual(files('worker'));
      });
    });

    it('has settings that a shell can source beside those of the seed', () => {
      for (const [key, value] of Object.entries(distribution.settings(node('worker')))) {
        expect(key).toMatch(/^[A-Z][A-Z0-9_]*$/);
        expect(base).not.toMatch(new RegExp(`\\b${key}=`));
        expect(value).not.toMatch(/[\n\0]/);
      }
    });

    it('takes mirrors in the place of the official sites', () => {
      const mirrors = Object.fromEntries(
        ['kubernetes', 'k3s', 'containerd', 'runc', 'cniPlugins'].map((name) => [
          name,
          `http://mirror.example/${name}/`,
        ]),
      );
      const values = Object.values(distribution.settings(node('worker', { kubernetes: { mirrors } })));
      expect(values.filter((value) => value.includes('//mirror.example/')).length).toBeGreaterThan(0);
      expect(values.filter((value) => /dl\.k8s\.io|github\.com/.test(value) || value.endsWith('/'))).toEqual([]);
    });

    it('lets a worker join where its control plane is', () => {
      const minted = { token: 'abcdef.0123456789abcdef', caHash: `sha256:${'d'.repeat(64)}`, address: '10.0.0.9' };
      expect(distribution.joinInput(node('worker'), minted)).toMatchObject({
        token: minted.token,
        address: '192.168.122.10',
      });
      const unknown = node('worker', { controlPlaneAddress: null });
      expect(distribution.joinInput(unknown, minted)).toMatchObject({ address: '10.0.0.9' });
    });

    programContract(distribution);
  });
}

function rulesContract(subject: Subject, specOf: (changes?: Partial<ClusterSpec>) => ClusterSpec): void {
  const { distribution } = subject;

  it('keeps folders of its own, none inside another', () => {
    const { keepPaths } = distribution.recipe(specOf());
    for (const path of keepPaths) {
      expect(path).toMatch(/^\/(etc|var\/lib)\/[a-z0-9]+$/);
      expect(keepPaths.filter((other) => other.startsWith(`${path}/`))).toEqual([]);
    }
  });

  it('finds nothing wrong with a plain cluster', () => {
    expect(distribution.check(specOf())).toEqual([]);
    expect(distribution.check(specOf({ config: subject.config }))).toEqual([]);
  });

  it.each(['1.36.1', 'latest', 'v1.36', 'v0.9.0', 'v1.36.1+other1', "v1.36.1'; reboot"])(
    'refuses the version %s',
    (version) => {
      expect(distribution.check(specOf({ version }))).toMatchObject([{ path: 'spec.version' }]);
    },
  );

  it('refuses configuration that it must decide itself, and says who does', () => {
    const problems = distribution.check(specOf({ config: subject.refused.config }));
    expect(problems).toMatchObject([{ path: subject.refused.path }]);
    expect(problems[0]?.allowed).not.toBe('');
  });
}

function programContract(distribution: Distribution): void {
  const program = assembleProgram(base, distribution.guestLibrary);
  const guests: GuestRoot[] = [];
  afterEach(() => {
    for (const guest of guests.splice(0)) guest.remove();
  });

  describe('the guest library', () => {
    it('defines what the base leaves to it, and replaces nothing else', () => {
      const defined = (text: string) => [...text.matchAll(/^([a-z_0-9]+)\(\)/gm)].map((match) => match[1] ?? '');
      const own = defined(distribution.guestLibrary);
      expect(own).toEqual(expect.arrayContaining(libraryFunctions));
      expect(new Set(own).size).toBe(own.length);
      const before = new Set(defined(base));
      expect(own.filter((name) => before.has(name)).sort()).toEqual([...libraryFunctions].sort());
    });

    it('passes shellcheck in the program', () => {
      const result = spawnSync('shellcheck', ['-s', 'sh', '-'], { input: program, encoding: 'utf8' });
      expect(result.error, 'shellcheck must be installed').toBeUndefined();
      expect(result.stdout).toBe('');
    });

    it.each([
      ['dash', '-n'],
      ['busybox', 'sh', '-n'],
    ])('parses under %s', (file, ...args) => {
      expect(execFileSync(file, args, { input: program, encoding: 'utf8' })).toBe('');
    });

    it.each(shells)('says under %s that a bare guest holds nothing', async (shell) => {
      const guest = makeGuestRoot(shell, distribution.guestLibrary);
      guests.push(guest);
      guest.write('etc/kreconcile/node.env', `DISTRIBUTION='${distribution.name}'\nROLE='worker'\n`);
      guest.stub('rc-service', 'exit 1');
      const answer = await guest.run(['status']);
      expect(JSON.parse(answer.stdout)).toMatchObject({
        kubernetes: { phase: 'absent', version: null, serviceActive: false, certificatesExpireAtMs: null },
      });
    });
  });
}
