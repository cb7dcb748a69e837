import { toKreError } from '../../model/error.ts';
import type { CliContext } from '../context.ts';
import { plain } from '../view/style.ts';

const timeoutMs = 10_000;

/** The kubeconfig's path, and `kubectl get nodes` with what a real kubectl answers, where there is one. */
export async function kubectlLines({ exec }: CliContext, kubeconfig: string): Promise<readonly string[]> {
  const head = [`Kubeconfig: ${kubeconfig}`, `$ kubectl --kubeconfig ${kubeconfig} get nodes`];
  try {
    const { exitCode, stdout, stderr } = await exec.run({
      program: 'kubectl',
      args: ['--kubeconfig', kubeconfig, 'get', 'nodes'],
      timeoutMs,
    });
    const answer = exitCode === 0 ? stdout : stderr;
    return [...head, ...answer.trimEnd().split('\n').map(plain)];
  } catch (thrown) {
    const { code, message } = toKreError(thrown);
    return [
      ...head,
      code === 'ProgramMissing'
        ? '(no kubectl on this machine; the simulated API server would answer it)'
        : `(${message})`,
    ];
  }
}
