# Bash completion of ghostbench: commands, options, and names that the program itself lists.
_ghostbench() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local program=${COMP_WORDS[0]} commands='list help describe init forward run validate doctor'
  COMPREPLY=()
  _ghostbench_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
  _ghostbench_files() {
    local found
    mapfile -t found < <(compgen -f -- "$cur")
    COMPREPLY+=("${found[@]}")
    compopt -o filenames 2>/dev/null
  }
  _ghostbench_names() { _ghostbench_words "$("$program" list --names "$1" 2>/dev/null)"; }

  if ((COMP_CWORD == 1)); then
    _ghostbench_words "$commands --help --version"
    return
  fi
  case $prev in
    --format) _ghostbench_words 'table json csv markdown latex xml'; return ;;
    --convention) _ghostbench_words 'paper fvcore full'; return ;;
    --engine) _ghostbench_words 'reference'; return ;;
    --weights | --input | --output | --dump | -o) _ghostbench_files; return ;;
    --seed | --filter | --set) return ;;
  esac
  if [[ $cur == -* ]]; then
    case $command in
      list) _ghostbench_words '--names --help' ;;
      describe) _ghostbench_words '--set --format --convention --help' ;;
      init) _ghostbench_words '--set --seed -o --help' ;;
      forward) _ghostbench_words '--set --weights --input --output --dump --engine --help' ;;
      run) _ghostbench_words '--set --filter --no-plots --dry-run --json -o --help' ;;
      *) _ghostbench_words '--help' ;;
    esac
    return
  fi
  case $command in
    list) _ghostbench_words 'layers architectures experiments' ;;
    help) _ghostbench_words "$commands $("$program" list --names layers 2>/dev/null)" ;;
    describe | init | forward) _ghostbench_names architectures; _ghostbench_files ;;
    run) _ghostbench_names experiments; _ghostbench_files ;;
    validate) _ghostbench_files ;;
  esac
}
complete -F _ghostbench ghostbench
