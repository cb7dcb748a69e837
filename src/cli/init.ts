import { join, resolve } from 'node:path';
import { print, type Run } from './command.ts';
import { EXIT } from './exit-code.ts';

/** `kreconcile init [folder]`: a first repository. What is there already stays as it is. */
export const run: Run = async (invocation) => {
  const { context, args } = invocation;
  const { starterFiles } = await import('./starter.ts');
  const folder = resolve(context.cwd, args[0] ?? '.');
  const written: string[] = [];
  const kept: string[] = [];
  for (const { path, text } of starterFiles) {
    const target = join(folder, path);
    if ((await context.files.stat(target)) !== null) {
      kept.push(path);
      continue;
    }
    await context.files.ensureFolder(join(target, '..'), 0o755);
    await context.files.write(target, text, { mode: 0o644 });
    written.push(path);
  }
  print(invocation, { folder, written, kept }, () => {
    const lines = [...written.map((path) => `wrote ${path}`), ...kept.map((path) => `kept  ${path}, which was there`)];
    const next = [
      '',
      'Next:',
      `  ${context.calledAs} validate ${join(folder, 'cluster.d')}`,
      `  ${context.calledAs} plan --dir ${join(folder, 'cluster.d')} -c sim:///tmp/kreconcile-try   # on a simulated host`,
      `  ${context.calledAs} plan --dir ${join(folder, 'cluster.d')}   # on this host's libvirt`,
    ];
    return `${[...lines, ...next].join('\n')}\n`;
  });
  return EXIT.done;
};
