import type { Command } from 'commander';
import { KreError } from '../model/error.ts';
import type { Run } from './command.ts';
import { EXIT } from './exit-code.ts';

/** `kreconcile completion bash|zsh|fish`: names of commands and options. */
export function completionOf(program: Command): Run<never> {
  return async ({ context, args }) => {
    const [shell = ''] = args;
    const script = scripts[shell];
    if (!script) {
      throw new KreError({
        code: 'Usage',
        message: `there is no completion for ${shell}`,
        hint: `One of: ${Object.keys(scripts).join(', ')}.`,
        disposition: 'stalled',
      });
    }
    context.terminal.out(script(wordsOf(program)));
    return EXIT.done;
  };
}

interface Words {
  readonly commands: readonly {
    readonly name: string;
    readonly summary: string;
    readonly options: readonly string[];
  }[];
}

function wordsOf(program: Command): Words {
  return {
    commands: program.commands.map((command) => ({
      name: command.name(),
      summary: command.description().replaceAll("'", ''),
      options: command.options.filter((option) => !option.hidden).flatMap((option) => option.long ?? []),
    })),
  };
}

const scripts: Readonly<Record<string, (words: Words) => string>> = { bash, zsh, fish };

function bash({ commands }: Words): string {
  const cases = commands.map(({ name, options }) => `    ${name}) words="${options.join(' ')}" ;;`);
  return `# eval "$(kreconcile completion bash)"
_kreconcile() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  case \${COMP_WORDS[1]-} in
${cases.join('\n')}
    *) words= ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="${commands.map(({ name }) => name).join(' ')}"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _kreconcile kreconcile
`;
}

function zsh({ commands }: Words): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${summary.replaceAll(':', '\\:')}'`);
  const cases = commands.map(({ name, options }) => `    ${name}) compadd -- ${options.join(' ')} ;;`);
  return `#compdef kreconcile
# eval "$(kreconcile completion zsh)"
_kreconcile() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  if [[ \${words[CURRENT]} != -* ]]; then _files; return; fi
  case \${words[2]} in
${cases.join('\n')}
  esac
}
compdef _kreconcile kreconcile
`;
}

function fish({ commands }: Words): string {
  const lines = commands.flatMap(({ name, summary, options }) => [
    `complete -c kreconcile -f -n __fish_use_subcommand -a ${name} -d '${summary}'`,
    ...options.map((option) => `complete -c kreconcile -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
  ]);
  return `# kreconcile completion fish | source\n${lines.join('\n')}\n`;
}
