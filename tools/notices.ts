import { readdir, readFile } from 'node:fs/promises';

/** The licence texts of every package that bundled files come from, as their licences ask. `inputs` are paths below the project. */
export async function noticesOf(project: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const notices = await Promise.all([...folders].sort().map((folder) => noticeOf(`${project}${folder}`)));
  return `This program contains the following libraries.\n\n${notices.join('\n')}`;
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(licen[sc]e|notice|copying)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, 'utf8')));
  return `${'-'.repeat(80)}\n${name} ${version} (${license ?? 'no licence named'})\n\n${texts.join('\n').trim()}\n`;
}
