/**
 * Who may import whom: the one table behind docs/architecture.md. Areas are matched in order, the first that fits
 * wins. `areas` lists what may be imported as a value, `typeAreas` what may be imported by `import type` alone (the thing
 * itself is handed over by main.ts), `packages` the libraries and node modules.
 */
export interface Area {
  readonly name: string;
  readonly matches: RegExp;
  readonly areas: readonly string[];
  readonly typeAreas?: readonly string[];
  readonly packages: readonly string[] | 'any';
  /** Pure areas use no clock, randomness, timers, network or process. */
  readonly isPure?: boolean;
  /** The sentence printed after a broken edge. */
  readonly because: string;
}

/** Node modules that only compute; all others touch the machine and belong to src/sys. */
const computing = ['node:crypto', 'node:path', 'node:url', 'node:util'];
const planning = ['semver', 'fast-json-patch', 'node:crypto'];

export const areas: readonly Area[] = [
  {
    name: 'main',
    matches: /^main\.ts$|^main\/|^drivers\/registry\.ts$/,
    areas: ['*'],
    packages: ['commander', ...computing],
    because: 'the composition root wires parts together and holds no logic that would need a library of its own.',
  },
  {
    name: 'model',
    matches: /^model\//,
    areas: ['model'],
    packages: [],
    isPure: true,
    because: 'everything imports model, so model imports nothing: no library, no node module.',
  },
  {
    name: 'identity',
    matches: /^reconcile\/desire\/identity\.ts$/,
    areas: [],
    packages: planning,
    isPure: true,
    because: 'UUIDs and MACs follow from owner and name alone: desire gives them, and plan knows them again.',
  },
  {
    name: 'plan',
    matches: /^reconcile\/(plan\/|plan\.ts$|remember\.ts$|remember\/)/,
    areas: ['model', 'plan', 'identity'],
    packages: planning,
    isPure: true,
    because:
      'planning is a pure function of its arguments, which is what lets the plan laws be tested and dry run be safe.',
  },
  {
    name: 'desire',
    matches: /^reconcile\/(desire\.ts$|desire\/)/,
    areas: ['model', 'desire', 'identity'],
    typeAreas: ['roles'],
    packages: planning,
    isPure: true,
    because: 'desire turns manifests into data and is pure; distributions and OSes are handed to it.',
  },
  {
    name: 'reconcile',
    matches: /^reconcile\//,
    areas: ['model', 'plan', 'desire', 'identity', 'reconcile'],
    typeAreas: ['roles'],
    packages: ['p-retry', 'yaml', ...computing],
    because: 'reconcile knows the roles of drivers and no concrete one; ports and drivers are handed to it.',
  },
  {
    name: 'roles',
    matches: /^drivers\/[^/]+\.ts$|^drivers\/[^/]+\/[^/]+\.ts$/,
    areas: ['model', 'roles'],
    packages: ['semver', 'yaml', 'p-retry', ...computing],
    because: 'a role and its wrappers must hold for every provider, so they know none of them.',
  },
  {
    name: 'provider',
    matches: /^drivers\/[^/]+\/[^/]+\//,
    areas: ['model', 'roles'],
    typeAreas: ['virsh', 'sim'],
    packages: ['fast-xml-parser', 'yaml', 'zod', 'semver', 'p-retry', ...computing],
    because:
      'a driver knows its role and nothing of other drivers; the shared executor or world is handed to it by main.ts.',
  },
  {
    name: 'virsh',
    matches: /^virsh\//,
    areas: ['model', 'virsh'],
    packages: ['zod', ...computing],
    because: 'the executor that providers share knows processes through the Exec port and knows no provider.',
  },
  {
    name: 'sim',
    matches: /^sim\//,
    areas: ['model', 'sim'],
    typeAreas: ['roles'],
    packages: ['@peculiar/x509', 'reflect-metadata', 'semver', 'yaml', 'zod', ...computing],
    because: 'the simulated world stands below the sim providers, as libvirt stands below the libvirt provider.',
  },
  {
    name: 'manifest',
    matches: /^manifest\//,
    areas: ['model', 'manifest'],
    packages: ['zod', 'yaml', 'node-cron', 'semver', ...computing],
    because: 'manifests are text turned into validated data, before anything is known about hosts or drivers.',
  },
  {
    name: 'calendar',
    matches: /^calendar\//,
    areas: ['model', 'calendar'],
    packages: ['node-cron', ...computing],
    because: 'the calendar judges wall times, files and commands outside the planner and gives it plain data.',
  },
  {
    name: 'source',
    matches: /^source\//,
    areas: ['model', 'source'],
    packages: ['chokidar', 'simple-git', ...computing],
    because: 'a source yields a folder of files at a revision and does not read what is in them.',
  },
  {
    name: 'records',
    matches: /^records\//,
    areas: ['model', 'records'],
    packages: [...computing],
    because: 'records keep what outlives the agent in the state folder, through the Files port, and decide nothing.',
  },
  {
    name: 'publish',
    matches: /^publish\//,
    areas: ['model', 'publish'],
    packages: ['prom-client', 'semver', 'yaml', ...computing],
    because: 'publishing turns model values into what leaves the agent and never reaches back into the loop.',
  },
  {
    name: 'agent',
    matches: /^agent\//,
    areas: ['model', 'manifest', 'source', 'reconcile', 'plan', 'desire', 'records', 'publish', 'agent'],
    typeAreas: ['roles'],
    packages: ['chokidar', 'zod', 'yaml', ...computing],
    because:
      'the loop gets its drivers and ports from main.ts, and talks to the command line through the control socket only.',
  },
  {
    name: 'simulate',
    matches: /^simulate\//,
    areas: ['model', 'sim', 'plan', 'desire', 'identity', 'reconcile', 'agent', 'simulate'],
    typeAreas: ['roles'],
    packages: [...computing],
    isPure: true,
    because:
      'a rehearsal runs the real loop in a simulated world: it takes its time from a virtual clock, its drivers from main.ts, and touches nothing.',
  },
  {
    name: 'view',
    matches: /^cli\/view\//,
    areas: ['model', 'view'],
    packages: ['yaml', ...computing],
    isPure: true,
    because: 'views turn model values into text and do nothing else.',
  },
  {
    name: 'cli',
    matches: /^cli\//,
    areas: ['model', 'manifest', 'source', 'reconcile', 'plan', 'desire', 'records', 'publish', 'view', 'cli'],
    typeAreas: ['roles'],
    packages: ['commander', 'yaml', 'semver', ...computing],
    because: 'commands get drivers and ports from main.ts, and talk to the agent through the control socket only.',
  },
  {
    name: 'sys',
    matches: /^sys\//,
    areas: ['model', 'sys'],
    packages: 'any',
    because: 'sys stands at the bottom: it implements the ports of the model and knows no part of the product.',
  },
];
