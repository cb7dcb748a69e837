/** Reads the source tree into plain facts about each module, so that the rules of architecture.test.ts judge data. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

/** One import, export-from or dynamic import. `to` is a path below src for relative imports, else the package's name. */
export interface ImportEdge {
  readonly specifier: string;
  readonly to: string;
  readonly isRelative: boolean;
  readonly isTypeOnly: boolean;
}

/** A function with a body; `lineCount` runs from its first line to its closing brace, its doc comment left out. */
export interface FunctionFact {
  readonly name: string;
  readonly line: number;
  readonly lineCount: number;
}

/** What the rules need to know about one file below src. `path` is relative to src. */
export interface ModuleFact {
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly ImportEdge[];
  readonly functions: readonly FunctionFact[];
  readonly declaredNames: readonly string[];
  readonly hasDefaultExport: boolean;
  /** Names of globals and members that make a module impure, such as `Date.now` or `process`. */
  readonly ambientUses: readonly string[];
}

/** Reads every TypeScript module below the folder. */
export function readModules(sourceFolder: string): ModuleFact[] {
  return readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => readModule(path, readFileSync(join(sourceFolder, path), 'utf8')));
}

/** Facts about one module from its text; `path` is relative to src. */
export function readModule(path: string, text: string): ModuleFact {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const imports: ImportEdge[] = [];
  const functions: FunctionFact[] = [];
  const declaredNames: string[] = [];
  const ambientUses = new Set<string>();
  const localNames = new Set<string>();
  let hasDefaultExport = false;

  const visit = (node: ts.Node): void => {
    const edge = importEdge(path, node);
    if (edge) imports.push(edge);
    if (ts.isFunctionLike(node) && 'body' in node && node.body) functions.push(functionFact(file, node));
    if (isNamedDeclaration(node)) declaredNames.push(node.name.text);
    if (isDefaultExport(node)) hasDefaultExport = true;
    const ambient = ambientUse(node);
    if (ambient) ambientUses.add(ambient);
    if (isLocalName(node)) localNames.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  const lineCount = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return {
    path,
    lineCount,
    imports,
    functions,
    declaredNames,
    hasDefaultExport,
    ambientUses: [...ambientUses].filter((use) => !localNames.has(use)),
  };
}

function importEdge(from: string, node: ts.Node): ImportEdge | undefined {
  const found = importedSpecifier(node);
  if (!found) return undefined;
  const isRelative = found.specifier.startsWith('.');
  const to = isRelative ? normalize(join(dirname(from), found.specifier)) : packageName(found.specifier);
  return { ...found, to, isRelative };
}

function importedSpecifier(node: ts.Node): { specifier: string; isTypeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isTypeOnly: isTypeOnlyImport(node.importClause) };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isTypeOnly: node.isTypeOnly };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const argument = node.arguments[0];
    if (argument && ts.isStringLiteral(argument)) return { specifier: argument.text, isTypeOnly: false };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, isTypeOnly: true };
  }
  return undefined;
}

function isTypeOnlyImport(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const bindings = clause.namedBindings;
  if (clause.name || !bindings || !ts.isNamedImports(bindings)) return false;
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly);
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function functionFact(file: ts.SourceFile, node: ts.SignatureDeclaration): FunctionFact {
  const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line;
  const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
  return { name: functionName(node), line: first + 1, lineCount: last - first + 1 };
}

function functionName(node: ts.SignatureDeclaration): string {
  if (node.name && 'text' in node.name) return String(node.name.text);
  const holder = node.parent;
  if ((ts.isVariableDeclaration(holder) || ts.isPropertyAssignment(holder)) && ts.isIdentifier(holder.name)) {
    return holder.name.text;
  }
  return 'an unnamed function';
}

type NamedDeclaration = ts.Declaration & { readonly name: ts.Identifier };

function isNamedDeclaration(node: ts.Node): node is NamedDeclaration {
  const isDeclaration =
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isFunctionDeclaration(node);
  return isDeclaration && node.name !== undefined;
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  return (
    ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword) ?? false)
  );
}

/** A variable, parameter, function or import of the module itself, which hides a global of that name. */
function isLocalName(node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  const declares =
    ts.isVariableDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isImportSpecifier(parent);
  return declares && parent.name === node;
}

const ambientGlobals = new Set([
  'process',
  'fetch',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'console',
]);

function ambientUse(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const text = `${node.expression.getText()}.${node.name.text}`;
    if (['Date.now', 'Math.random', 'process.exit', 'crypto.randomUUID', 'crypto.getRandomValues'].includes(text))
      return text;
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) return 'new Date()';
  if (!ts.isIdentifier(node) || !ambientGlobals.has(node.text)) return undefined;
  const parent = node.parent;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isOwnName = 'name' in parent && parent.name === node;
  return isMember || isOwnName || ts.isTypeNode(parent) ? undefined : node.text;
}
