import { describe, expect, it } from 'vitest';
import { loadAgentConfig, readAgentConfig } from '../../src/manifest/agent-config.ts';
import { positionText, problemText } from '../../src/model/problem.ts';
import { systemFiles } from '../../src/sys/files.ts';

const read = (text: string | null) => readAgentConfig(text, 'agent.yaml', 'kvm1');

function problemsOf(text: string) {
  const result = read(text);
  if (result.ok) throw new Error('was accepted');
  return result.problems;
}

describe('the configuration of the agent', () => {
  it('has defaults for everything, and takes objects of no host only without a file', () => {
    expect(read(null)).toEqual({
      ok: true,
      config: {
        host: 'kvm1',
        owner: 'kreconcile',
        source: null,
        hypervisor: { uri: 'qemu:///system', allowEmulation: false },
        folders: {
          state: '/var/lib/kreconcile',
          images: '/var/lib/libvirt/images/kreconcile',
          kubeconfigs: '/var/lib/kreconcile/kubeconfigs',
          run: '/run/kreconcile',
        },
        kubeconfigGroup: null,
        controlGroup: null,
        placement: { takeUnplaced: true },
        prune: { maxDeletes: 1 },
        blockers: [],
        listen: null,
      },
    });
    for (const text of ['', '# nothing\n', '{}']) {
      expect(read(text)).toMatchObject({ ok: true, config: { placement: { takeUnplaced: false } } });
    }
  });

  it('takes every field', () => {
    const text = `
host: kvm2.example
owner: team-a
source:
  url: https://git.example/team/cluster.git
  branch: site/prod
  path: hosts/kvm2
  pollInterval: 1m30s
  credentials: {tokenCredential: git-token, username: robot, knownHostsFile: /etc/kreconcile/known_hosts}
hypervisor: {uri: "sim:///tmp/world", allowEmulation: true}
folders: {state: /srv/state, run: /run/other}
kubeconfigGroup: ops
controlGroup: admins
placement: {takeUnplaced: true}
prune: {maxDeletes: 3}
listen: 192.168.10.5:9465
`;
    expect(read(text)).toMatchObject({
      ok: true,
      config: {
        host: 'kvm2.example',
        owner: 'team-a',
        source: {
          kind: 'git',
          url: 'https://git.example/team/cluster.git',
          branch: 'site/prod',
          path: 'hosts/kvm2',
          pollMs: 90_000,
          credentials: { tokenCredential: 'git-token', username: 'robot', sshKeyFile: null, tokenFile: null },
        },
        folders: { state: '/srv/state', kubeconfigs: '/srv/state/kubeconfigs', run: '/run/other' },
        kubeconfigGroup: 'ops',
        controlGroup: 'admins',
        placement: { takeUnplaced: true },
        prune: { maxDeletes: 3 },
        listen: { host: '192.168.10.5', port: 9465 },
      },
    });
    expect(read('source: {folder: /srv/cluster.d}')).toMatchObject({
      config: { source: { kind: 'folder', folder: '/srv/cluster.d', pollMs: 15_000 } },
    });
  });

  it('tells all that is wrong at once, each with its place and what is allowed', () => {
    const problems = problemsOf(
      'hots: kvm1\nsource:\n  url: https://git.example/x\n  pollInterval: 5\nlisten: "localhost"\n',
    );
    expect(problems.map((problem) => [positionText(problem), problem.code])).toEqual(
      expect.arrayContaining([
        ['agent.yaml:1:1', 'ConfigInvalid'],
        ['agent.yaml:4:17', 'ConfigInvalid'],
        ['agent.yaml:5:9', 'ConfigInvalid'],
      ]),
    );
    const typo = problems.find(({ line }) => line === 1);
    expect(typo).toMatchObject({ found: '"hots"', hint: 'Did you mean "host"?' });
    expect(typo?.allowed).toContain('placement');
  });

  it.each([
    ['source: {url: /srv/x.git, folder: /srv/x}', 'either url or folder'],
    ['source: {branch: main}', 'either url or folder'],
    ['source: {folder: /srv/x, branch: main}', 'folder and pollInterval alone'],
    ['source: {url: "https://h/x", credentials: {tokenFile: /a, tokenCredential: b}}', 'one of the two'],
    ['source: {url: "--upload-pack=id"}', 'address of a git repository'],
    ['source: {url: "https://h/x", branch: "a..b"}', 'branch name'],
    ['source: {url: "https://h/x", path: ../other}', 'path inside the repository'],
    ['source: {url: "https://h/x", pollInterval: 100ms}', '1s or more'],
    ['source: {url: "https://h/x", credentials: {sshKeyFile: "/a b"}}', 'absolute path'],
    ['folders: {state: relative}', 'absolute path'],
    ['listen: 127.0.0.1', 'a port such as 9465'],
    ['listen: 70000', 'a port such as 9465'],
    ['listen: true', 'a port such as 9465'],
    ['host: kvm1\n---\nhost: kvm2', 'second document'],
    ['host: [', 'YAML'],
    ['host: kvm1\nhost: kvm2', 'twice in one map'],
    ['- host', 'map'],
  ])('refuses %j', (text, allowed) => {
    const texts = problemsOf(text).map((problem) => `${problemText(problem)} ${problem.allowed}`);
    expect(texts.join('\n')).toContain(allowed);
  });

  it('names files and commands that hold disruptions back', () => {
    const text = `blockers:
  - {file: /run/hold, objects: [Cluster/dev]}
  - {command: [/opt/may, --now], timeout: 5s}`;
    expect(read(text)).toMatchObject({
      ok: true,
      config: {
        blockers: [
          { kind: 'file', path: '/run/hold', objects: ['Cluster/dev'] },
          { kind: 'command', program: '/opt/may', args: ['--now'], timeoutMs: 5_000, objects: null },
        ],
      },
    });
  });

  it.each([
    ['{file: /tmp/hold}', 'not below /tmp'],
    ['{command: [may]}', 'absolute path'],
    ['{command: []}', 'is missing'],
    ['{file: /run/hold, command: [/opt/may]}', 'either file or command'],
    ['{}', 'either file or command'],
    ['{file: /run/hold, timeout: 5s}', 'timeout only with command'],
    ['{command: [/opt/may], timeout: 5m}', 'at most 60s'],
    ['{file: /run/hold, objects: [dev]}', 'Cluster/NAME'],
  ])('refuses the blocker %s', (blocker, allowed) => {
    const texts = problemsOf(`blockers: [${blocker}]`).map((problem) => `${problemText(problem)} ${problem.allowed}`);
    expect(texts.join('\n')).toContain(allowed);
  });

  it('never repeats a password that stands in the address', () => {
    const problems = problemsOf('source: {url: "https://robot:s3cret@git.example/x.git"}');
    expect(problems[0]).toMatchObject({ code: 'ConfigInvalid', hint: expect.stringContaining('tokenFile') });
    expect(JSON.stringify(problems)).not.toContain('s3cret');
  });

  it('must be there when a person named it', async () => {
    const request = { path: '/nonexistent/agent.yaml', mustExist: true, hostname: 'kvm1' };
    await expect(loadAgentConfig(systemFiles, request)).rejects.toMatchObject({ code: 'ConfigInvalid' });
    await expect(loadAgentConfig(systemFiles, { ...request, mustExist: false })).resolves.toMatchObject({
      host: 'kvm1',
    });
  });
});
