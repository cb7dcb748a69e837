// Times commands from inside a lab host, so that getting in does not count: reads from standard input
// {"runs": n, "commands": {name: [...argv]}}, runs them in turn n times and prints {name: [{"ms", "cpuMs"}, ...]}; CPU time is that
// of the command and its children, without libvirtd's.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const { runs, commands } = JSON.parse(readFileSync(0, 'utf8'));
const spent = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
const clock = 'TIMEFORMAT="clock %R %U %S"; time "$0" "$@" >/dev/null';
for (let round = 0; round < runs; round += 1) {
  for (const [name, argv] of Object.entries(commands)) {
    const { status, stderr } = spawnSync('bash', ['-c', clock, ...argv], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    const [, real, user, system] = /clock (\S+) (\S+) (\S+)\n$/.exec(stderr) ?? [];
    if (status !== 0 || real === undefined) {
      process.stderr.write(`${name}: exit code ${status}\n${stderr}\n`);
      process.exit(1);
    }
    spent[name].push({ ms: Number(real) * 1000, cpuMs: (Number(user) + Number(system)) * 1000 });
  }
}
process.stdout.write(JSON.stringify(spent));
