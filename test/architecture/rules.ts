/** The rules themselves: each takes facts and returns sentences, one for each breach. */
import type { ImportEdge, ModuleFact } from './modules.ts';
import { type Area, areas } from './table.ts';

const maxFileLines = 300;
const maxFunctionLines = 60;
const maxMedianFileLines = 100;
const maxRecipeLines = 80;

/** The area that a path below src belongs to. */
export function areaOf(path: string): Area | undefined {
  return areas.find((area) => area.matches.test(path));
}

/** Modules that no row of the table covers. */
export function unknownAreas(modules: readonly ModuleFact[]): string[] {
  return modules
    .filter((module) => !areaOf(module.path))
    .map((module) => `src/${module.path} belongs to no area: put it where design and table have a place for it.`);
}

/** Imports that the table does not allow. */
export function forbiddenImports(modules: readonly ModuleFact[]): string[] {
  return modules.flatMap((module) => {
    const from = areaOf(module.path);
    if (!from) return [];
    return module.imports
      .filter((edge) => !isAllowed(module.path, from, edge))
      .map((edge) => `src/${module.path} imports ${edge.specifier}: ${from.because}${typeOnlyHint(from, edge)}`);
  });
}

function typeOnlyHint(from: Area, edge: ImportEdge): string {
  const to = edge.isRelative ? areaOf(edge.to) : undefined;
  return to && from.typeAreas?.includes(to.name) ? ' Its types may be imported with `import type`.' : '';
}

function isAllowed(path: string, from: Area, edge: ImportEdge): boolean {
  if (!edge.isRelative) return from.packages === 'any' || from.packages.includes(edge.to);
  const to = areaOf(edge.to);
  if (!to) return /^\.\.\/package\.json$/.test(edge.to) && from.name === 'main';
  if (to.name === 'provider' && from.name === 'provider') return providerOf(path) === providerOf(edge.to);
  if (from.areas.includes('*') || from.areas.includes(to.name)) return true;
  return edge.isTypeOnly && (from.typeAreas?.includes(to.name) ?? false);
}

function providerOf(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

/** Relative imports that do not name the file as it is on disk. */
export function wrongEndings(modules: readonly ModuleFact[]): string[] {
  return modules.flatMap((module) =>
    module.imports
      .filter((edge) => edge.isRelative && !/\.(ts|json)$/.test(edge.specifier))
      .map(
        (edge) => `src/${module.path} imports ${edge.specifier}: name the .ts file, so that Node can run the source.`,
      ),
  );
}

/** Clocks, randomness, timers, network and process where they do not belong. */
export function ambientUses(modules: readonly ModuleFact[]): string[] {
  return modules.flatMap((module) => {
    const area = areaOf(module.path);
    if (!area || area.name === 'sys' || area.name === 'main') return [];
    const exits = module.ambientUses
      .filter((use) => use === 'process.exit' || use === 'fetch')
      .map((use) => `src/${module.path} uses ${use}: ending the process is for main.ts, the network for src/sys.`);
    const impure = area.isPure
      ? module.ambientUses.map((use) => `src/${module.path} uses ${use}: ${area.name} is pure, take it as an argument.`)
      : [];
    return [...exits, ...impure];
  });
}

/** Files and functions that outgrew their room, and a median that drifts up. */
export function oversized(modules: readonly ModuleFact[]): string[] {
  const files = modules
    .filter((module) => module.lineCount > maxFileLines)
    .map(
      (m) =>
        `src/${m.path} has ${m.lineCount} lines: a file over ${maxFileLines} hides two rooms, so split it by concept.`,
    );
  const functions = modules.flatMap((module) =>
    module.functions
      .filter((fact) => fact.lineCount >= maxFunctionLines)
      .map(
        (fact) =>
          `src/${module.path}:${fact.line} ${fact.name} has ${fact.lineCount} lines: name its parts, each under ${maxFunctionLines}.`,
      ),
  );
  const recipe = modules
    .filter((module) => module.path === 'reconcile/reconcile.ts' && module.lineCount >= maxRecipeLines)
    .map(
      (m) =>
        `src/${m.path} has ${m.lineCount} lines: it is the recipe and reads in one screen, under ${maxRecipeLines}.`,
    );
  return [...files, ...functions, ...recipe, ...medianTooHigh(modules)];
}

function medianTooHigh(modules: readonly ModuleFact[]): string[] {
  const sizes = modules.map((module) => module.lineCount).sort((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  if (median < maxMedianFileLines) return [];
  return [
    `The median file has ${median} lines: keep it under ${maxMedianFileLines}, most concepts are smaller than that.`,
  ];
}

const vagueFile = /(^|\/|-)(utils?|helpers?|manager|common|misc|shared)(\.ts$|\/|-)/;
const vagueName = /(Manager|Helpers?|Utils?|Impl)$|^I[A-Z][a-z]/;

/** Names that say nothing, and default exports, which let every importer invent a name. */
export function poorNames(modules: readonly ModuleFact[]): string[] {
  return modules.flatMap((module) => {
    const file = vagueFile.test(module.path)
      ? [`src/${module.path}: name the file after the concept that it holds.`]
      : [];
    const names = module.declaredNames
      .filter((name) => vagueName.test(name))
      .map((name) => `src/${module.path} declares ${name}: types are nouns of the domain, functions its verbs.`);
    const isDefault = module.hasDefaultExport
      ? [`src/${module.path} has a default export: export by name, so that one thing has one name.`]
      : [];
    return [...file, ...names, ...isDefault];
  });
}
