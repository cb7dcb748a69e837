#!/usr/bin/env node
/** The composition root's front door. It loads nothing that the command at hand does not need. */
import { keepCompiledCode } from './sys/compile-cache.ts';
import { packageVersion } from './sys/host.ts';

const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
  process.stdout.write(`${packageVersion()}\n`);
} else {
  keepCompiledCode(process.env);
  const { runCommandLine } = await import('./main/command-line.ts');
  process.exit(await runCommandLine(args));
}
