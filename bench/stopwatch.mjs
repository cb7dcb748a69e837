// Times commands from inside a lab host, so that getting in does not count: reads from standard input
// {"runs": n, "commands": {name: {"argv": [...], "env": {...}}}}, runs them in turn n times and prints {name: [ms, ...]}.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { runs, commands } = JSON.parse(readFileSync(0, 'utf8'));
const spent = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
for (let round = 0; round < runs; round += 1) {
  for (const [name, { argv, env, exitCodes }] of Object.entries(commands)) {
    const began = performance.now();
    const { status, stdout, stderr } = spawnSync(argv[0], argv.slice(1), {
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 28,
    });
    spent[name].push(performance.now() - began);
    if (!(exitCodes ?? [0]).includes(status)) {
      process.stderr.write(`${name}: exit code ${status}\n${stderr}\n${String(stdout).slice(0, 4000)}\n`);
      process.exit(1);
    }
  }
}
process.stdout.write(JSON.stringify(spent));
