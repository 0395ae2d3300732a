# Fish completion of ghostbench: commands, options, and names that the program itself lists.
complete -c ghostbench -f
complete -c ghostbench -l help -d 'help with examples'
complete -c ghostbench -n __fish_use_subcommand -l version -d 'the version'

complete -c ghostbench -n __fish_use_subcommand -a list -d 'layers, architectures, experiments'
complete -c ghostbench -n __fish_use_subcommand -a help -d 'a layer or a command'
complete -c ghostbench -n __fish_use_subcommand -a describe -d 'table of a network'
complete -c ghostbench -n __fish_use_subcommand -a init -d 'draw parameters'
complete -c ghostbench -n __fish_use_subcommand -a forward -d 'run a network'
complete -c ghostbench -n __fish_use_subcommand -a run -d 'run experiments'
complete -c ghostbench -n __fish_use_subcommand -a validate -d 'find faults in XML'
complete -c ghostbench -n __fish_use_subcommand -a doctor -d 'what this machine is'

set -l network '__fish_seen_subcommand_from describe init forward'
complete -c ghostbench -n $network -F -a '(ghostbench list --names architectures 2>/dev/null)'
complete -c ghostbench -n '__fish_seen_subcommand_from run' -F \
    -a '(ghostbench list --names experiments 2>/dev/null)'
complete -c ghostbench -n '__fish_seen_subcommand_from help' \
    -a '(ghostbench list --names layers 2>/dev/null)'
complete -c ghostbench -n '__fish_seen_subcommand_from list' -a 'layers architectures experiments'
complete -c ghostbench -n '__fish_seen_subcommand_from validate' -F

complete -c ghostbench -n '__fish_seen_subcommand_from list' -l names -d 'only names'
complete -c ghostbench -n '__fish_seen_subcommand_from describe init forward run' -l set -x -d 'a setting'
complete -c ghostbench -n '__fish_seen_subcommand_from describe' -l format -x \
    -a 'table json csv markdown latex xml'
complete -c ghostbench -n '__fish_seen_subcommand_from describe' -l convention -x -a 'paper fvcore full'
complete -c ghostbench -n '__fish_seen_subcommand_from init' -l seed -x -d 'of the random numbers'
complete -c ghostbench -n '__fish_seen_subcommand_from init run' -s o -r -d 'file or folder to write'
complete -c ghostbench -n '__fish_seen_subcommand_from forward' -l weights -r -d 'safetensors'
complete -c ghostbench -n '__fish_seen_subcommand_from forward' -l input -r -d npy
complete -c ghostbench -n '__fish_seen_subcommand_from forward' -l output -r -d npy
complete -c ghostbench -n '__fish_seen_subcommand_from forward' -l dump -r -d 'outputs of all named layers'
complete -c ghostbench -n '__fish_seen_subcommand_from forward' -l engine -x -a reference
complete -c ghostbench -n '__fish_seen_subcommand_from run' -l filter -x -d 'part of a label'
complete -c ghostbench -n '__fish_seen_subcommand_from run' -l no-plots -d 'no plots'
complete -c ghostbench -n '__fish_seen_subcommand_from run' -l dry-run -d 'say what would be run'
complete -c ghostbench -n '__fish_seen_subcommand_from run' -l json -d 'JSON on standard output'
