import type { KreError } from '../model/error.ts';
import type { PassReport } from '../model/report.ts';
import { connectAgent } from './agent-client.ts';
import { type Invocation, outStyle, type Run } from './command.ts';
import type { CliContext, Host } from './context.ts';
import { kubectlLines } from './demo/kubectl.ts';
import { type DemoRepository, makeDemoRepository } from './demo/repository.ts';
import { EXIT, EXIT_OF_VERDICT } from './exit-code.ts';
import { followReports, isFinal } from './follow.ts';
import { statusText } from './view/status.ts';
import { summaryText } from './view/summary.ts';
import { shortRevision } from './view/time.ts';

interface DemoOptions {
  readonly keep?: boolean;
}

/** The simulated host lives this much faster than the wall clock. */
const SPEED = 40;
const CLUSTER = 'dev';

/** `kreconcile demo`: a repository, an agent and a simulated host in a temporary folder; a cluster comes up, then is upgraded by a commit. */
export const run: Run<DemoOptions> = async (invocation) => {
  const told: Invocation<DemoOptions> = { ...invocation, context: narrated(invocation.context) };
  const folder = await told.context.makeTemporaryFolder('kreconcile-demo-');
  try {
    return await demonstrate(told, folder);
  } finally {
    await told.context.files.removeFolder(folder);
  }
};

/** A demo is one text: progress goes where everything else goes. */
function narrated(context: CliContext): CliContext {
  const { terminal } = context;
  const { out, isOutTerminal, outHasColor } = terminal;
  return { ...context, terminal: { ...terminal, err: out, isErrTerminal: isOutTerminal, errHasColor: outHasColor } };
}

async function demonstrate(invocation: Invocation<DemoOptions>, folder: string): Promise<number> {
  const { context } = invocation;
  const style = outStyle(invocation);
  const say = (text: string) => context.terminal.out(`${text}\n`);
  const repository = await makeDemoRepository(context, folder);
  say(style.bold('kreconcile follows a git repository and makes a libvirt host what it says.'));
  say(
    `This host is simulated: no root, no KVM, no network. Its time runs ${SPEED} times as fast; the times at the left are its own.\n`,
  );
  say(`${style.bold('1. A repository')} with one commit: ${repository.folder}`);
  say(`   ${repository.names.join('  ')}\n`);
  say(style.bold('2. The agent starts on it'));
  const host = await context.openHost({ config: repository.configPath, speed: SPEED, logLevel: 'silent' });
  const stage = startAgent(invocation, host);
  try {
    const first = await stage.rest(null);
    if (first?.verdict !== 'converged') return unfinished(invocation, first);
    await showHost(invocation, host);
    say(
      `\n${style.bold('3. A commit raises the Kubernetes version')} of ${CLUSTER}; the nodes stay, one after the other is upgraded in place`,
    );
    for (const line of await repository.raiseVersion())
      say(`   ${line.startsWith('+') ? style.good(line) : line.startsWith('-') ? style.bad(line) : line}`);
    const second = await stage.rest(first.source.lastGoodRevision);
    if (second?.verdict !== 'converged') return unfinished(invocation, second);
    await showHost(invocation, host);
    say(nextText(style.bold('Next'), context.calledAs, repository));
    if (invocation.options.keep) await kept(invocation, host, repository);
    return EXIT.done;
  } finally {
    await stage.end();
  }
}

/** The agent in the background, and the waiting for it. */
interface Stage {
  /** The report with which the agent comes to rest on another revision than the given one; `null` when it was stopped. */
  rest(besides: string | null): Promise<PassReport | null>;
  end(): Promise<void>;
}

function startAgent(invocation: Invocation, host: Host): Stage {
  const follower = followReports(invocation, host.clock.now());
  const stop = new AbortController();
  let besides: string | null = null;
  let rested = (_: PassReport | null): void => {};
  const onReport = (report: PassReport): void => {
    follower.add(report);
    const revision = report.source.lastGoodRevision;
    if (revision !== null && revision !== besides && isFinal(report.verdict)) rested(report);
  };
  const signal = AbortSignal.any([invocation.context.signal, stop.signal]);
  let broken: KreError | null = null;
  const running = host.runAgent({ signal, control: 'required', onReport }).catch((thrown: KreError) => {
    broken = thrown;
  });
  return {
    async rest(revision) {
      besides = revision;
      const report = new Promise<PassReport | null>((resolve) => {
        rested = resolve;
      });
      const first = await Promise.race([report, running.then(() => null)]);
      follower.end();
      if (broken) throw broken;
      return first;
    },
    async end() {
      stop.abort();
      await running;
    },
  };
}

/** The agent's own status, and what a real kubectl says of the simulated cluster. */
async function showHost(invocation: Invocation, host: Host): Promise<void> {
  const { context } = invocation;
  const style = outStyle(invocation);
  const agent = await connectAgent(context.http, host.config.folders.run);
  const status = await agent.status();
  context.terminal.out('\n');
  if (status) context.terminal.out(statusText(status, style));
  const lines = await kubectlLines(context, host.kubeconfigPath(CLUSTER));
  context.terminal.out(`\n${lines.map((line) => `${line}\n`).join('')}`);
}

function nextText(title: string, program: string, { folder }: DemoRepository): string {
  const lines: readonly (readonly [string, string])[] = [
    [`${program} demo --keep`, 'the same, and it stays for kubectl until Ctrl-C'],
    [`${program} init my-site`, 'a first repository of your own'],
    [`${program} plan --dir my-site/cluster.d`, 'what would be done on this host, and why'],
    ['docs/operations.md', 'how to install the agent on a libvirt host'],
  ];
  const width = Math.max(...lines.map(([command]) => command.length));
  const told = lines.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join('\n');
  return `\n${title}\n${told}\n${folder === '' ? '' : 'All of this was in a temporary folder, which is removed now.'}`;
}

async function kept({ context }: Invocation, host: Host, repository: DemoRepository): Promise<void> {
  context.terminal.out(`
It goes on until Ctrl-C. Try in another terminal:
  kubectl --kubeconfig ${host.kubeconfigPath(CLUSTER)} get nodes
  ${context.calledAs} status --config ${repository.configPath} --watch
  git -C ${repository.folder} commit …                    each commit takes effect at once
`);
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function unfinished(invocation: Invocation, report: PassReport | null): number {
  if (!report) return EXIT.interrupted;
  invocation.context.terminal.out(summaryText(report, outStyle(invocation)));
  invocation.context.terminal.out(
    `Revision ${shortRevision(report.source.lastGoodRevision ?? 'none')} did not converge.\n`,
  );
  return EXIT_OF_VERDICT[report.verdict];
}
