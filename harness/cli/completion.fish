# Fish completion of ghostbench. Commands, flags and names come from the program itself, so that they
# are never older than it.
function __ghostbench_commands
    ghostbench --help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end
function __ghostbench_flags
    set -l words (commandline -opc)
    ghostbench $words[2] --help 2>/dev/null | sed -n '/^flags:/,/^$/s/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\)\( [A-Z=]*\)\{0,1\}  *\(.*\)/\2\t\4/p'
end
function __ghostbench_before --description 'true when the word before the cursor is one of these'
    set -l words (commandline -opc)
    contains -- $words[-1] $argv
end

set -l needs_command '__fish_use_subcommand'
set -l valued -f --format -c --convention --counters -e --engine --isa --schema -s --set --seed -b --batch --filter -t --threads -r --runs --without --seconds --precise --warmup --comparisons --between --shard
set -l filed -w --weights -i --input -o --output --dump
set -l operand "not __fish_use_subcommand; and not __ghostbench_before $valued $filed"

complete -c ghostbench -f
complete -c ghostbench -n $needs_command -a '(__ghostbench_commands)'
complete -c ghostbench -n $needs_command -l help -d 'help with examples'
complete -c ghostbench -n $needs_command -l version -d 'the version'
complete -c ghostbench -n '__ghostbench_before -f --format; and not __fish_seen_subcommand_from export' \
    -a 'table json csv markdown latex xml html'
complete -c ghostbench -n '__ghostbench_before -f --format; and __fish_seen_subcommand_from export' \
    -a 'onnx csv json jsonl google-benchmark'
complete -c ghostbench -n '__ghostbench_before -c --convention' -a 'paper fvcore full'
complete -c ghostbench -n '__ghostbench_before -e --engine' -a 'native reference'
complete -c ghostbench -n '__ghostbench_before --between' -a 'hot flushed idle='
complete -c ghostbench -n '__ghostbench_before --counters' -a '(ghostbench list --names counters 2>/dev/null) list'
complete -c ghostbench -n '__ghostbench_before --isa' -a 'avx512 avx2 neon baseline'
complete -c ghostbench -n '__ghostbench_before --schema' -a 'architecture experiment counters'
complete -c ghostbench -n "__ghostbench_before $filed" -F
complete -c ghostbench -n "$operand; and string match -q -- '-*' (commandline -ct)" \
    -a '(__ghostbench_flags)'
complete -c ghostbench -n "$operand; and __fish_seen_subcommand_from list" \
    -a 'layers architectures experiments counters'
complete -c ghostbench -n "$operand; and __fish_seen_subcommand_from help" \
    -a '(__ghostbench_commands) (ghostbench list --names layers 2>/dev/null)'
complete -c ghostbench -n "$operand; and __fish_seen_subcommand_from describe init forward export bench count explain" -F \
    -a '(ghostbench list --names architectures 2>/dev/null)'
complete -c ghostbench -n "$operand; and __fish_seen_subcommand_from run report" -F \
    -a '(ghostbench list --names experiments 2>/dev/null)'
complete -c ghostbench -n "$operand; and __fish_seen_subcommand_from validate compare verify merge" -F
