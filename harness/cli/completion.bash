# Bash completion of ghostbench. Commands, flags and names come from the program itself, so that
# they are never older than it.
_ghostbench() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local program=${COMP_WORDS[0]} words='' files=0
  _ghostbench_commands() {
    "$program" --help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
  }
  _ghostbench_flags() {
    "$program" "$command" --help 2>/dev/null |
      sed -n '/^flags:/,/^$/s/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p'
  }
  _ghostbench_list() { "$program" list --names "$1" 2>/dev/null; }

  if ((COMP_CWORD == 1)); then
    words="$(_ghostbench_commands) --help --version"
  else
    case $prev in
      --format | -f)
        words='table json csv markdown latex xml html'
        [[ $command != export ]] || words='onnx csv json jsonl google-benchmark'
        ;;
      --convention | -c) words='paper fvcore full' ;;
      --engine | -e) words='native reference' ;;
      --counters) words="$(_ghostbench_list counters) list" ;;
      --isa) words='avx512 avx2 neon baseline' ;;
      --schema) words='architecture experiment counters' ;;
      --weights | -w | --input | -i | --output | -o | --dump) files=1 ;;
      --set | -s | --seed | --batch | -b | --filter | --threads | -t | --runs | -r | --without | --shard) ;;
      --seconds | --precise | --warmup | --comparisons) ;;
      --between) words='hot flushed idle=' ;;
      *)
        if [[ $cur == -* ]]; then
          words=$(_ghostbench_flags)
        else
          case $command in
            list) words='layers architectures experiments counters' ;;
            help) words="$(_ghostbench_commands) $(_ghostbench_list layers)" ;;
            describe | init | forward | export | bench | count | explain) words=$(_ghostbench_list architectures) files=1 ;;
            run | report) words=$(_ghostbench_list experiments) files=1 ;;
            compare | verify | merge) files=1 ;;
            validate) words="$(_ghostbench_list architectures) $(_ghostbench_list experiments)" files=1 ;;
          esac
        fi
        ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if ((files)); then
    local found
    mapfile -t found < <(compgen -f -- "$cur")
    COMPREPLY+=("${found[@]}")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _ghostbench ghostbench
