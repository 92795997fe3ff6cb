// The completion of the commands as a script for bash, and as one for zsh, which runs the former.
import type { Command } from '../../command.js';
import type { Candidates, CommandWords } from './candidates.js';
import { commandWords } from './command-words.js';

/** The commands that are called by their own name. */
export const COMPLETED = ['weir', 'ipvsadm', 'ipvsadm-save', 'ipvsadm-restore', 'keepalived', 'genhash'] as const;

/** What needs no quotes of the shell. */
const PLAIN = /^[\w.,:=@/-]+$/;

function plainWords(list: readonly string[]): string {
  const odd = list.find((word) => !PLAIN.test(word));
  if (odd !== undefined) throw new Error(`completion: a word with signs of the shell: ${odd}`);
  return `_weir_words '${list.join(' ')}'`;
}

const ACTIONS: Readonly<Record<Exclude<Candidates['kind'], 'words'>, string>> = {
  interface: '_weir_interfaces',
  file: '_weir_paths -f',
  folder: '_weir_paths -d',
  free: ':',
};

const action = (candidates: Candidates): string => (candidates.kind === 'words' ? plainWords(candidates.words) : ACTIONS[candidates.kind]);

/** Patterns of `case` by what is done for them; patterns for the same stand on one line. */
function caseLines(rows: readonly (readonly [pattern: string, does: string])[]): string {
  const patterns = new Map<string, readonly string[]>();
  for (const [pattern, does] of rows) patterns.set(does, [...(patterns.get(does) ?? []), pattern]);
  return [...patterns].map(([does, all]) => `        ${all.join(' | ')}) ${does} ;;`).join('\n');
}

/** Of an option that takes a value, what may stand behind it. */
const valueCases = (all: ReadonlyMap<string, CommandWords>): string =>
  caseLines(
    [...all].flatMap(([command, { options }]) =>
      [...options].flatMap(([name, what]) => (what === 'flag' ? [] : [[`'${command} ${name}'`, `${action(what)}; return`] as const])),
    ),
  );

const wordCases = (all: ReadonlyMap<string, CommandWords>, of: (one: CommandWords) => readonly string[]): string =>
  caseLines([...all].flatMap(([command, one]) => (of(one).length === 0 ? [] : [[command, plainWords(of(one))] as const])));

function bashScript(all: ReadonlyMap<string, CommandWords>): string {
  const withFiles = [...all].filter(([, { files }]) => files).map(([command]) => command);
  return `# Completion of ${COMPLETED.join(', ')} for bash, made from what --help prints.
_weir_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_weir_interfaces() {
    _weir_words "$(cd /sys/class/net 2>/dev/null && echo *)"
}

_weir_paths() {
    local IFS=$'\\n'
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen "$1" -- "$cur"))
}

_weir_complete() {
    local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[0]##*/}" first=1
    COMPREPLY=()
    if [ "$command" = weir ]; then
        if [ "$COMP_CWORD" -eq 1 ]; then
            ${plainWords([...all.keys(), 'version'])}
            return
        fi
        command="\${COMP_WORDS[1]}" first=2
    fi
    # bash takes --name=value apart.
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev="\${COMP_WORDS[COMP_CWORD-2]}"
    fi
    case "$command $prev" in
${valueCases(all)}
    esac
    if [ "\${cur#-}" != "$cur" ]; then
        case "$command" in
${wordCases(all, ({ options }) => [...options.keys()])}
        esac
        return
    fi
    if [ "$COMP_CWORD" -eq "$first" ]; then
        case "$command" in
${wordCases(all, ({ first }) => first)}
        esac
    fi
    [ "\${#COMPREPLY[@]}" -gt 0 ] && return
    case "$command" in
        ${withFiles.join(' | ')}) _weir_paths -f ;;
    esac
}

complete -F _weir_complete ${COMPLETED.join(' ')}
`;
}

export const bashCompletion = async (table: readonly Command[]): Promise<string> => bashScript(await commandWords(table));

/** Its first line has to be the first one of the file. */
export const zshCompletion = async (table: readonly Command[]): Promise<string> => `#compdef ${COMPLETED.join(' ')}
autoload -U +X bashcompinit && bashcompinit
${await bashCompletion(table)}
_bash_complete -F _weir_complete
`;
