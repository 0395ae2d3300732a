#compdef ghostbench
# Zsh completion of ghostbench. Commands, flags and names come from the program itself, so that they
# are never older than it.

_ghostbench() {
  local program=$words[1] command=$words[2] previous=$words[CURRENT-1]
  local -a commands flags names
  commands=(${(f)"$($program --help 2>/dev/null |
    sed -n '/^commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1:\2/p')"})

  if (( CURRENT == 2 )); then
    _describe -t commands command commands
    [[ $PREFIX == -* ]] && compadd -- --help --version
    return
  fi
  case $previous in
    --format|-f)
      if [[ $command == export ]]; then compadd onnx csv json jsonl google-benchmark
      else compadd table json csv markdown latex xml html; fi
      return ;;
    --convention|-c) compadd paper fvcore full; return ;;
    --engine|-e) compadd native reference; return ;;
    --counters) compadd list ${(f)"$($program list --names counters 2>/dev/null)"}; return ;;
    --isa) compadd avx512 avx2 neon baseline; return ;;
    --schema) compadd architecture experiment counters; return ;;
    --weights|-w|--input|-i|--output|-o|--dump) _files; return ;;
    --between) compadd hot flushed idle=; return ;;
    --seconds|--precise|--warmup|--comparisons) _message number; return ;;
    --set|-s|--seed|--batch|-b|--filter|--threads|-t|--runs|-r|--without|--shard) _message value; return ;;
  esac
  if [[ $PREFIX == -* ]]; then
    flags=(${(f)"$($program $command --help 2>/dev/null | sed -n '/^flags:/,/^$/{
      s/:/\\:/g
      s/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\)\( [A-Z=]*\)\{0,1\}  *\(.*\)/\2:\4/p
      }')"})
    _describe -o -t flags flag flags
    return
  fi
  case $command in
    list) compadd layers architectures experiments counters ;;
    help)
      names=(${(f)"$($program list --names layers 2>/dev/null)"})
      _describe -t commands command commands
      compadd -a names
      ;;
    describe|init|forward|export|bench|count|explain)
      names=(${(f)"$($program list --names architectures 2>/dev/null)"})
      compadd -a names
      _files -g '*.xml'
      ;;
    run|report)
      names=(${(f)"$($program list --names experiments 2>/dev/null)"})
      compadd -a names
      _files -g '*.xml'
      ;;
    compare|verify|merge) _files ;;
    validate) _files -g '*.xml' ;;
  esac
}

_ghostbench "$@"
