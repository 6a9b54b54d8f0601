"""The completion commands: one prints a shell's script, the other the words that may follow."""

import argparse
from collections.abc import Mapping

from ..command_line import Commands

_SCRIPTS: Mapping[str, str] = {
    "bash": """\
_access() {
    local at line
    COMPREPLY=()
    if [[ ${COMP_WORDS[1]} == exec ]]; then
        for ((at = 2; at < COMP_CWORD; at++)); do
            [[ ${COMP_WORDS[at]} == -- ]] || continue
            if declare -F _command_offset >/dev/null; then
                _command_offset $((at + 1))
            elif ((at + 1 == COMP_CWORD)); then
                while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
            fi
            return
        done
    fi
    while IFS= read -r line; do
        COMPREPLY+=("$(printf %q "$line")")
    done < <(access complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _access access
""",
    "zsh": """\
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_access() {
    local at=${words[(i)--]}
    if [[ $words[2] == exec ]] && (( at < CURRENT )); then
        shift $at words
        (( CURRENT -= at ))
        _normal
        return
    fi
    local -a found
    found=("${(@f)$(access complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found[1] ]]; then compadd -- $found; else _files; fi
}
compdef _access access
""",
    "fish": """\
function __access_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l at (contains -i -- -- $words)
    if test "$words[2]" = exec; and test -n "$at"; and test $at -lt (count $words)
        complete -C "$(string join ' ' -- (string escape -- $words[(math $at + 1)..-2]) $words[-1])"
        return
    end
    set -l found (access complete -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        string join \\n -- $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c access -f -a '(__access_complete)'
""",
}


def add_commands(commands: Commands, parser: argparse.ArgumentParser) -> None:
    """Declare the commands, given the parser of all commands."""
    completion = commands.add_parser(
        "completion",
        help="print the script with which a shell completes on TAB",
        description='Load it when the shell starts: eval "$(access completion bash)" in ~/.bashrc; the same with zsh in'
        " ~/.zshrc; in fish, access completion fish > ~/.config/fish/completions/access.fish.",
    )
    completion.add_argument("shell", choices=_SCRIPTS, help="the shell")
    completion.set_defaults(run=_print_script)

    complete = commands.add_parser("complete")  # for the scripts above, so without help
    complete.add_argument("words", nargs="*")
    complete.set_defaults(run=lambda options: _complete(options, parser))


def _print_script(options: argparse.Namespace) -> int:
    print(_SCRIPTS[options.shell], end="")
    return 0


def _complete(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    from .words import next_words

    for word in next_words(parser, options.words or [""]):
        print(word)
    return 0
