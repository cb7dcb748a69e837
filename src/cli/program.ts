import { Command, Option } from 'commander';
import type { Run } from './command.ts';
import type { CommonOptions } from './context.ts';

/** Runs a command with what the command line said; gives its exit code on. */
export type Dispatch = (
  load: () => Promise<Run<never>>,
  options: CommonOptions & Readonly<Record<string, unknown>>,
  args: readonly string[],
) => Promise<void>;

const defaultTimeout = '30m';

/** The command line: names, arguments and options of every command. The code of a command is loaded when it is run. */
export function buildProgram(version: string, dispatch: Dispatch): Command {
  const program = withCommon(new Command('kreconcile'), ['host', 'output'])
    .description(
      'Follows a git repository of desired state and converges virtual machines and the Kubernetes clusters in them.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .showHelpAfterError(false)
    .enablePositionalOptions()
    .exitOverride();
  const add: Add = (usage, summary, load, takes = ['host', 'output']) => {
    const command: Command = withCommon(program.command(usage), takes).description(summary).exitOverride();
    command.action(async () => {
      const options = { ...program.opts(), ...defined(command.opts()) };
      await dispatch(load, options as never, command.args);
    });
    return command;
  };
  addLooking(add);
  addConverging(add);
  addDeciding(add);
  addWriting(add);
  const completion = async () => (await import('./completion.ts')).completionOf(program);
  add('completion <shell>', 'print the completion for bash, zsh or fish', completion, []);
  return program;
}

/** `takes`: groups of common options that mean something to the command; default all. */
type Add = (usage: string, summary: string, load: () => Promise<Run<never>>, takes?: readonly CommonGroup[]) => Command;

/** `host`: which host and source; `output`: the form of the result. */
type CommonGroup = 'host' | 'output';

function addLooking(add: Add): void {
  add(
    'validate [folder]',
    'judge the manifests of a folder, or of the source',
    async () => (await import('./validate.ts')).run,
  );
  add('plan', 'tell what would be done and why; changes nothing', async () => (await import('./plan.ts')).run).option(
    '--detailed-exitcode',
    'exit 2 when changes are pending, 22 when guards forbid all that is left',
  );
  add(
    'drift [object]',
    'tell what somebody changed in machines behind the back of the manifests',
    async () => (await import('./drift.ts')).run,
  ).option('--detailed-exitcode', 'exit 2 when there is any that is not ignored');
  add(
    'simulate',
    'rehearse the newest revision in a copy of this host, on a virtual clock; touches nothing',
    async () => (await import('./simulate.ts')).run,
  )
    .option('--fail <what[:machine[:times]]>', 'let something fail, as upgrade:dev-cp-1; may be repeated', gathered)
    .option('--svg <file>', 'also draw the timeline into a file');
  add('status', 'tell where every cluster and machine stands', async () => (await import('./status.ts')).run).option(
    '-w, --watch',
    'go on telling until stopped',
  );
  add('events', 'tell what happened, newest last', async () => (await import('./events.ts')).run)
    .option('-n, --limit <count>', 'how many at most', '50')
    .option('-f, --follow', 'go on telling what happens until stopped');
  add(
    'history [object]',
    'tell what was changed, why, how it ended and how long it took; of one object with every step',
    async () => (await import('./history.ts')).run,
  ).option('-n, --limit <count>', 'how many changes at most', '20');
}

/** Values of an option that may be given several times. */
function gathered(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

function addConverging(add: Add): void {
  const speed = () => new Option('--speed <factor>', 'how fast the time of a simulated host runs').hideHelp();
  add(
    'apply',
    'converge this host now and end; for hosts without an agent',
    async () => (await import('./apply.ts')).run,
  )
    .option('--timeout <duration>', 'how long to wait', defaultTimeout)
    .addOption(speed());
  const agent = async () => (await import('./agent.ts')).run;
  add('agent', 'follow the source and converge the host until stopped', agent, ['host'])
    .addOption(
      new Option('--log-level <level>', 'what to log').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .addOption(speed());
  add(
    'reconcile',
    'let the running agent look at source and host now',
    async () => (await import('./reconcile.ts')).run,
  )
    .option('--wait', 'wait until the host has converged')
    .option('--timeout <duration>', 'how long to wait', defaultTimeout);
  const demo = async () => (await import('./demo.ts')).run;
  add('demo', 'show the whole road on a simulated host', demo, []).option(
    '--keep',
    'go on at the end until stopped, so that kubectl can be tried',
  );
}

function addDeciding(add: Add): void {
  add(
    'suspend [object]',
    'do nothing about an object (Cluster/x, Machine/x, Node/x), or about anything, until resumed',
    async () => (await import('./decide.ts')).suspend,
  ).option('--reason <text>', 'why, for others who wonder; has to be given');
  add('resume [object]', 'go on after suspend', async () => (await import('./decide.ts')).resume);
  add(
    'confirm <object>',
    'allow a deletion or a new root disk that waits for a person, or a revision that rewinds the branch',
    async () => (await import('./decide.ts')).confirm,
  );
  add(
    'retry <object>',
    'try again what failed and was rolled back, or failed too often',
    async () => (await import('./decide.ts')).retry,
  );
  add(
    'restore <object> [from]',
    'bring a lost cluster of one control plane back from a backup (its id, or latest), or a retained state disk (its name) back under its machine',
    async () => (await import('./decide.ts')).restore,
  )
    .option('--replace', 'also where its control plane is there: its state disk is set aside')
    .option('--cancel', 'strike off what was asked for, while nothing was done for it');
  add(
    'backup <cluster> [of]',
    'take a backup of a cluster now; `backup list [cluster]` tells which there are',
    async () => (await import('./backup.ts')).run,
  )
    .option('--wait', 'wait until it is on this host and verified')
    .option('--timeout <duration>', 'how long to wait', defaultTimeout);
}

function addWriting(add: Add): void {
  add(
    'kubeconfig <cluster>',
    'print the published kubeconfig of a cluster',
    async () => (await import('./kubeconfig.ts')).run,
  )
    .option('--merge [file]', 'merge it into a kubeconfig, default $KUBECONFIG or ~/.kube/config')
    .option('--set-current', 'with --merge: make it the current context');
  const init = async () => (await import('./init.ts')).run;
  add('init [folder]', 'write a first repository; what is there stays', init, ['output']);
  add(
    'schema [kind]',
    'print the JSON Schema of manifests, of one kind, or of agent.yaml (agent)',
    async () => (await import('./schema.ts')).run,
    [],
  );
}

function withCommon(command: Command, takes: readonly CommonGroup[]): Command {
  if (takes.includes('host')) addHost(command);
  if (takes.includes('output'))
    command.addOption(new Option('-o, --output <format>', 'form of the result').choices(['text', 'json', 'yaml']));
  return command.option('--no-color', 'no colours');
}

function addHost(command: Command): void {
  command
    .option('--config <file>', 'configuration of the agent (default /etc/kreconcile/agent.yaml)')
    .option('--dir <folder>', 'folder of manifests, instead of the configured source')
    .option('-c, --connect <uri>', 'hypervisor, as virsh writes it, or sim:///folder')
    .option('--state-dir <folder>', 'state folder, instead of the configured one');
}

/** An option that was not given after the command does not hide one that was given before it. */
function defined(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== undefined && !(name === 'color' && value === true)),
  );
}
