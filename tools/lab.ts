/**
 * `npm run test:lab [-- --all] [FILES…]`: the lab on the built program. With `--all` also what takes too long for each change: `*.all.ts`. Other
 * arguments go to vitest.
 */
import { execa } from 'execa';

const args = process.argv.slice(2);
const rest = args.filter((arg) => arg !== '--all');
const result = await execa(
  'vitest',
  ['run', '--project', 'lab', '--no-file-parallelism', '--reporter=verbose', ...rest],
  {
    preferLocal: true,
    stdio: 'inherit',
    reject: false,
    env: args.includes('--all') ? { KRECONCILE_LAB_ALL: '1' } : {},
  },
);
process.exitCode = result.exitCode ?? 1;
