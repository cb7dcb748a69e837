import { join, resolve } from 'node:path';
import { KreError } from '../model/error.ts';
import { type Invocation, print, type Run, remark } from './command.ts';
import type { Host } from './context.ts';
import { EXIT } from './exit-code.ts';

interface KubeconfigOptions {
  /** A file, or `true` for the person's own. */
  readonly merge?: string | true;
  readonly setCurrent?: boolean;
}

/** `kreconcile kubeconfig <cluster> [--merge [FILE]]`: prints the published kubeconfig, or merges it into a person's own. */
export const run: Run<KubeconfigOptions> = async (invocation) => {
  const { context, options, args } = invocation;
  const [cluster = ''] = args;
  if (options.setCurrent && options.merge === undefined) throw mergeMissing(cluster);
  const host = await context.openHost(options);
  const kubeconfig = await published(invocation, host, cluster);
  if (options.merge === undefined) {
    context.terminal.out(kubeconfig);
    return EXIT.done;
  }
  const path = options.merge === true ? ownKubeconfig(invocation) : resolve(context.cwd, options.merge);
  const { mergeKubeconfigFile } = await import('../publish/merge.ts');
  const merged = await mergeKubeconfigFile({
    files: context.files,
    path,
    kubeconfig,
    setCurrent: options.setCurrent ?? false,
  });
  print(
    invocation,
    { path, ...merged },
    () => `${path} has the context ${merged.context} now${merged.isCurrent ? ', and it is the current one' : ''}.\n`,
  );
  if (options.output === 'text') {
    if (!merged.isCurrent) remark(invocation, `Use it with: kubectl --context ${merged.context} …`);
    if (merged.backup !== null) remark(invocation, `The file as it was: ${merged.backup}`);
  }
  return EXIT.done;
};

function mergeMissing(cluster: string): KreError {
  return new KreError({
    code: 'Usage',
    message: '--set-current is about a file that the kubeconfig is merged into',
    hint: `kreconcile kubeconfig ${cluster} --merge --set-current`,
    disposition: 'stalled',
  });
}

async function published({ context }: Invocation, host: Host, cluster: string): Promise<string> {
  const names = await host.kubeconfigs();
  const text = names.includes(cluster) ? await context.files.read(host.kubeconfigPath(cluster)) : null;
  if (text !== null) return text;
  throw new KreError({
    code: 'NotFound',
    message: `no kubeconfig of ${cluster} is published in ${host.config.folders.kubeconfigs}`,
    hint:
      names.length === 0
        ? 'It appears when the cluster is up; see kreconcile status.'
        : `There is one of: ${names.join(', ')}.`,
    disposition: 'wait',
  });
}

/** The file that kubectl writes to: the first of $KUBECONFIG, else ~/.kube/config. */
function ownKubeconfig({ context }: Invocation): string {
  const [first] = (context.env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
  return first === undefined ? join(context.home, '.kube', 'config') : resolve(context.cwd, first);
}
