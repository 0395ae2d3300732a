#compdef ghostbench
# Zsh completion of ghostbench: commands, options, and names that the program itself lists.

_ghostbench_names() {
  local -a names
  names=(${(f)"$(${words_program:-ghostbench} list --names $1 2>/dev/null)"})
  compadd -a names
}
_ghostbench_architecture() { _ghostbench_names architectures; _files -g '*.xml'; }
_ghostbench_experiment() { _ghostbench_names experiments; _files -g '*.xml'; }
_ghostbench_topic() {
  _ghostbench_names layers
  compadd list help describe init forward run validate doctor
}

_ghostbench() {
  local words_program=$words[1] curcontext=$curcontext state
  local -a set=('*--set[a setting]:parameter=value:')
  _arguments -C '(- *)--help[help with examples]' '(- *)--version[the version]' \
    '1:command:((list\:"layers, architectures, experiments" help\:"a layer or a command"
      describe\:"table of a network" init\:"draw parameters" forward\:"run a network"
      run\:"run experiments" validate\:"find faults in XML" doctor\:"what this machine is"))' \
    '*::argument:->rest'
  [[ $state == rest ]] || return
  case $words[1] in
    list) _arguments '--names[only names]' '1:what:(layers architectures experiments)' ;;
    help) _arguments '1:topic:_ghostbench_topic' ;;
    describe)
      _arguments $set '--format[of the table]:format:(table json csv markdown latex xml)' \
        '--convention[what is counted]:convention:(paper fvcore full)' \
        '1:architecture:_ghostbench_architecture' ;;
    init)
      _arguments $set '--seed[of the random numbers]:number:' '-o[file to write]:file:_files' \
        '1:architecture:_ghostbench_architecture' ;;
    forward)
      _arguments $set '--weights[safetensors]:file:_files' '--input[npy]:file:_files' \
        '--output[npy]:file:_files' '--dump[outputs of all named layers]:folder:_files -/' \
        '--engine[who computes]:engine:(reference)' '1:architecture:_ghostbench_architecture' ;;
    run)
      _arguments $set '--filter[part of a label]:text:' '--no-plots[no plots]' \
        '--dry-run[say what would be run]' '--json[JSON on standard output]' \
        '-o[folder to write]:folder:_files -/' '*:experiment:_ghostbench_experiment' ;;
    validate) _arguments '*:file:_files -g "*.xml"' ;;
  esac
}

_ghostbench "$@"
