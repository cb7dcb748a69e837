import { join } from 'node:path';
import type * as z from 'zod';
import type { AgentConfig, BlockerConfig, SourceConfig, SourceVerify } from '../model/agent-config.ts';
import type { Files } from '../model/ports.ts';
import { type Problem, problemsError } from '../model/problem.ts';
import { parseDurationMs } from '../model/quantity.ts';
import { agentSchema } from './agent-schema.ts';
import { fileProblem, parseFile, type SourceDocument } from './document.ts';
import { placed } from './draft.ts';
import { type DocumentProblem, issueProblems, withoutMisspelt } from './issue.ts';

const defaultPollMs = 15_000;
const defaultBlockerTimeoutMs = 10_000;

/** `hostname` is this host's own name. A file that was named by a person must be there. */
export interface AgentConfigRequest {
  readonly path: string;
  readonly mustExist: boolean;
  readonly hostname: string;
}

export type AgentConfigResult =
  | { readonly ok: true; readonly config: AgentConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The configuration of the agent with every default filled in; all that is wrong with it as one `ConfigInvalid`. */
export async function loadAgentConfig(files: Files, request: AgentConfigRequest): Promise<AgentConfig> {
  const text = await files.read(request.path);
  if (text === null && request.mustExist) throw problemsError([missingFile(request.path)]);
  const result = readAgentConfig(text, request.path, request.hostname);
  if (!result.ok) throw problemsError(result.problems);
  return result.config;
}

/** The same for a text; `null` where there is no file. `file` is what messages call it. */
export function readAgentConfig(text: string | null, file: string, hostname: string): AgentConfigResult {
  if (text === null) return { ok: true, config: complete({}, hostname, true) };
  const { documents, problems } = parseFile({ path: file, content: text });
  const [document, second] = documents;
  if (problems.length > 0) return { ok: false, problems: problems.map(asConfigProblem) };
  if (!document) return { ok: true, config: complete({}, hostname, false) };
  if (second) return { ok: false, problems: [asConfigProblem(placed(second, oneDocument))] };
  const parsed = agentSchema.safeParse(document.value);
  if (!parsed.success) {
    const found = parsed.error.issues.flatMap((issue) => issueProblems(agentSchema, document.value, issue));
    return refuse(document, withoutMisspelt(found));
  }
  const contradictions = sourceContradictions(parsed.data.source);
  if (contradictions.length > 0) return refuse(document, contradictions);
  return { ok: true, config: complete(parsed.data, hostname, false) };
}

type AgentFile = z.output<typeof agentSchema>;

/** Without a file the agent takes objects of no host: somebody tries kreconcile on one machine. */
function complete(file: AgentFile, hostname: string, takeUnplaced: boolean): AgentConfig {
  const { hypervisor, folders, placement, prune } = file;
  const state = folders?.state ?? '/var/lib/kreconcile';
  return {
    host: file.host ?? hostname,
    owner: file.owner ?? 'kreconcile',
    source: completeSource(file.source),
    hypervisor: { uri: hypervisor?.uri ?? 'qemu:///system', allowEmulation: hypervisor?.allowEmulation ?? false },
    folders: {
      state,
      images: folders?.images ?? '/var/lib/libvirt/images/kreconcile',
      kubeconfigs: folders?.kubeconfigs ?? join(state, 'kubeconfigs'),
      run: folders?.run ?? '/run/kreconcile',
    },
    kubeconfigGroup: file.kubeconfigGroup ?? null,
    controlGroup: file.controlGroup ?? null,
    placement: { takeUnplaced: placement?.takeUnplaced ?? takeUnplaced },
    prune: { maxDeletes: prune?.maxDeletes ?? 1 },
    blockers: (file.blockers ?? []).map(completeBlocker),
    listen: completeListen(file.listen),
  };
}

type BlockerFile = NonNullable<AgentFile['blockers']>[number];

function completeSource(source: AgentFile['source']): SourceConfig | null {
  if (!source) return null;
  const pollMs = (source.pollInterval === undefined ? null : parseDurationMs(source.pollInterval)) ?? defaultPollMs;
  if (source.folder !== undefined) return { kind: 'folder', folder: source.folder, pollMs };
  const given = source.credentials;
  return {
    kind: 'git',
    url: source.url ?? '',
    branch: source.branch ?? null,
    path: source.path ?? '',
    pollMs,
    credentials: {
      sshKeyFile: given?.sshKeyFile ?? null,
      knownHostsFile: given?.knownHostsFile ?? null,
      tokenFile: given?.tokenFile ?? null,
      tokenCredential: given?.tokenCredential ?? null,
      username: given?.username ?? 'git',
    },
    verify: completeVerify(source.verify),
  };
}

function completeBlocker({ file, command, timeout, objects }: BlockerFile): BlockerConfig {
  if (file !== undefined) return { kind: 'file', path: file, objects: objects ?? null };
  const [program = '', ...args] = command ?? [];
  const timeoutMs = (timeout === undefined ? null : parseDurationMs(timeout)) ?? defaultBlockerTimeoutMs;
  return { kind: 'command', program, args, timeoutMs, objects: objects ?? null };
}

function completeVerify(verify: NonNullable<AgentFile['source']>['verify']): SourceVerify | null {
  if (!verify || verify.mode === 'none') return null;
  return {
    mode: verify.mode ?? 'head',
    allowedSignersFile: verify.allowedSignersFile ?? null,
    keyringFile: verify.keyringFile ?? null,
  };
}

function completeListen(listen: string | number | undefined): AgentConfig['listen'] {
  if (listen === undefined) return null;
  // Who reads metrics learns names and versions: other hosts do only where somebody said so.
  if (typeof listen === 'number') return { host: '127.0.0.1', port: listen };
  const [host = '', port] = listen.split(':');
  return { host, port: Number(port) };
}

/** What the fields of the source say against each other. */
function sourceContradictions(source: AgentFile['source']): readonly DocumentProblem[] {
  if (!source) return [];
  const { url, folder, credentials } = source;
  const found: DocumentProblem[] = [];
  if ((url === undefined) === (folder === undefined)) {
    found.push(
      contradiction(
        ['source'],
        url === undefined ? 'neither url nor folder' : 'url and folder',
        'either url or folder',
      ),
    );
  }
  const gitOnly = (['branch', 'path', 'credentials', 'verify'] as const).find((key) => source[key] !== undefined);
  if (folder !== undefined && url === undefined && gitOnly !== undefined) {
    found.push(contradiction(['source', gitOnly], `${gitOnly} beside folder`, 'folder and pollInterval alone'));
  }
  const verify = completeVerify(source.verify);
  if (verify && verify.allowedSignersFile === null && verify.keyringFile === null) {
    found.push(contradiction(['source', 'verify'], 'no keys to trust', 'allowedSignersFile or keyringFile'));
  }
  if (credentials?.tokenFile !== undefined && credentials.tokenCredential !== undefined) {
    const path = ['source', 'credentials', 'tokenCredential'];
    found.push(contradiction(path, 'tokenFile and tokenCredential', 'one of the two'));
  }
  return found;
}

function contradiction(path: readonly string[], found: string, allowed: string): DocumentProblem {
  const message = `${path.slice(0, path[1] === undefined ? 1 : -1).join('.')} has ${found}; allowed: ${allowed}`;
  return { code: 'ConfigInvalid', path, found, allowed, message, hint: 'Remove what does not belong there.' };
}

function refuse(document: SourceDocument, found: readonly DocumentProblem[]): AgentConfigResult {
  return { ok: false, problems: found.map((problem) => asConfigProblem(placed(document, problem))) };
}

function asConfigProblem(problem: Problem): Problem {
  const hint = problem.hint.replace('docs/manifest.md describes', 'docs/operations.md describes');
  return { ...problem, code: 'ConfigInvalid', hint };
}

const oneDocument: DocumentProblem = {
  code: 'ConfigInvalid',
  path: [],
  found: 'a second document',
  allowed: 'one document',
  message: 'the configuration has a second document',
  hint: 'Remove the line `---` and what follows it, or merge the two.',
};

function missingFile(path: string): Problem {
  return fileProblem(path, {
    code: 'ConfigInvalid',
    found: 'nothing',
    allowed: 'a file',
    message: 'the configuration file does not exist',
    hint: 'Correct the path that --config gives, or leave it out.',
  });
}
