#!/usr/bin/env bash
#: Builds the fuzz targets (tests/fuzz) and runs them one after another, each for some seconds.
#:
#: usage: scripts/fuzz.sh [options] [TARGET ...]     (default: all targets)
#:   --seconds N   for each target (default: 60). An hour each: --seconds 3600
#:   --no-build    the targets as they are in build/fuzz
#:   --list        names of the targets
#:   --help        this text
#:
#: Inputs that led to new code are kept in build/fuzz/corpus/TARGET; those that broke a rule, took more than 10 seconds
#: or more than 2 GiB of memory, in build/fuzz/findings/TARGET. Again with one of these: build/fuzz/TARGET_fuzz FILE
#: Exit status: 0 nothing found, 1 something found, 77 no clang 14 with its fuzzer (scripts/setup.sh --peers).
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo"

mapfile -t all_targets < <(cd tests/fuzz && printf '%s\n' *_fuzz.cpp | sed 's/_fuzz\.cpp$//')
seconds=60 build=yes targets=()
while (($# > 0)); do
  case $1 in
    --seconds)
      [[ $# -ge 2 && $2 =~ ^[1-9][0-9]*$ ]] || die "option --seconds: found '${2:-}', expected a whole number above 0"
      seconds="$2"
      shift
      ;;
    --no-build) build=no ;;
    --list)
      printf '%s\n' "${all_targets[@]}"
      exit 0
      ;;
    -h | --help)
      show_help
      exit 0
      ;;
    -*) die "found option '$1', expected one of --seconds, --no-build, --list, --help" ;;
    *)
      [[ " ${all_targets[*]} " == *" $1 "* ]] || die "found target '$1', expected one of ${all_targets[*]}"
      targets+=("$1")
      ;;
  esac
  shift
done
((${#targets[@]} > 0)) || targets=("${all_targets[@]}")

if ! command -v clang++-14 >/dev/null || [[ ! -e $(clang-14 -print-file-name=libclang_rt.fuzzer-x86_64.a) ]]; then
  say "fuzz.sh: found no clang 14 with its fuzzer, expected it (scripts/setup.sh --peers)"
  # Who asked for the tools (scripts/test.sh --peers) wants to know that one is missing.
  [[ -z ${GENBID_PEERS:-} ]] || exit 1
  exit 77
fi

if [[ $build == yes ]]; then
  scripts/setup.sh --preset fuzz --no-compile
  cmake --build build/fuzz -j "$(build_jobs)" --target "${targets[@]/%/_fuzz}" >build/fuzz/build.log 2>&1 || {
    tail -n 40 build/fuzz/build.log >&2
    die "the build failed (see above)"
  }
fi

# --- Seeds: what exists, made small ----------------------------------------------------------

# seed TARGET NAME: keeps standard input, if there is any.
seed() {
  mkdir -p "build/fuzz/seeds/$1"
  cat >"build/fuzz/seeds/$1/$2"
  [[ -s build/fuzz/seeds/$1/$2 ]] || rm "build/fuzz/seeds/$1/$2"
}

make_seeds() {
  local file name cases=../shared/cases
  rm -rf build/fuzz/seeds
  for file in data/sample/*.csv "$cases"/*csv_*.csv; do
    [[ -f $file ]] || continue
    name="$(basename "$file")"
    head -n 4 "$file" | seed trajectory_csv "$name"
    head -n 1 "$file" | seed trajectory_csv "header-$name"
    head -n 3 "$file" | grep -aoE '"[([][^"]*"' | tr -d '"' | head -n 1 | seed tuple "$name" || true
  done
  if [[ -f $cases/01-csv_gz.csv.gz ]]; then
    gzip -dc "$cases/01-csv_gz.csv.gz" | awk 'NR <= 4' | gzip -9n | seed trajectory_csv gz
  fi
  printf '(np.float64(0.97), nan, None, -3e-05, 47)' | seed tuple numpy
  printf '[1 2\n 3.5e+00]' | seed tuple array
  for file in "$cases"/*rawlog*.csv; do
    [[ ! -f $file ]] || head -n 17 "$file" | seed raw_log "$(basename "$file")"
  done
  awk 'BEGIN {
    print "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,CPAConstraint,timeStepIndex," \
      "remainingBudget,pvIndex,pValue,pValueSigma,bid,xi,adSlot,cost,isExposed,conversionAction,leastWinningCost,isEnd"
    for (t = 0; t < 2; ++t) for (i = 0; i < 2; ++i) for (a = 0; a < 2; ++a)
      print "7," a ",0,2900.0,100.0," t ",2800.5," i ",0.01,0.001,1.5," 1 - a "," 1 - a ",0.5,1,0,0.5," t
  }' | seed raw_log whole
  for file in configs/simulate.yaml configs/generate.yaml configs/ingest.yaml; do
    sed 's/1000\.\.10986/1000..1009/; s/^ *#.*//' "$file" | seed config "$(basename "$file")"
  done
  { sed 's/^ *#.*//' configs/simulate.yaml && printf '>%s\n' market.impressions=2000 output.dir=~/x '[0..3, 7]' \
    market.traffic='{structure: own, ticks: 96, seats: 3}' market.periods='[1, 4..5]'; } | seed config overrides
  printf 'market.rules=corrected\n>output.dir="exp #3"\n>market.seed=0x1\n>a=*b\n' | seed config odd
  # Header length 64 in eight bytes, the header, the data.
  printf '\x40\0\0\0\0\0\0\0%-64s%s' '{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}' 12345678 |
    seed safetensors one
  printf '\x60\0\0\0\0\0\0\0%-96s%s' \
    '{"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}' abc | seed safetensors metadata
  awk 'BEGIN {
    print "advertiserCategoryIndex,realCPA,cum_cost,timeStepIndex"
    for (t = 0; t < 48; ++t) { print "0,5.5,10.0," t; print "0,7.25,20.0," t }
  }' | seed online_lp whole
  printf '\0' | seed trajectory_store default
  printf '\1' | seed trajectory_store constraint
  printf '\0' | seed market_log default
  printf '\0' | seed tape_store default
  printf '\0' | seed campaign_store default
  printf 'campaign,day,slot,value,ctr,price\n1,6,0,1.5,0.1,0.4\n1,7,0,1,0.2,0.3\n1,7,3,2,0.05,1e-3\n2,7,1,1,1,0.5\n' |
    seed campaign_log log
  printf 'campaign,budget,ppc,set\n1,10,2,test\n>\ncampaign,day,slot,value,ctr,price\n1,0,0,1,0.1,0.4\n' |
    seed campaign_log table
  if [[ -x build/fuzz/write_small_bundle ]]; then
    for name in perceptron recurrent window; do
      build/fuzz/write_small_bundle "$name" "build/fuzz/small/$name"
      seed bundle "$name" <"build/fuzz/small/$name/bundle.json"
      seed graph_json "$name" <"build/fuzz/small/$name/graph.json"
    done
    build/fuzz/write_small_bundle agents build/fuzz/small/agents
    seed bundle agents <build/fuzz/small/agents/bundle.json
    seed bundle matching <build/fuzz/small/agents/matching.csv
  fi
}

# --- Run ------------------------------------------------------------------------------------

make_seeds
found=0
export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
for target in "${targets[@]}"; do
  corpus="build/fuzz/corpus/$target" findings="build/fuzz/findings/$target"
  mkdir -p "$corpus" "$findings"
  command=("build/fuzz/${target}_fuzz" "$corpus" "build/fuzz/seeds/$target" "-max_total_time=$seconds" -timeout=10
    -rss_limit_mb=2048 -max_len=16384 "-artifact_prefix=$findings/" -print_final_stats=1 -verbosity=1)
  [[ ! -f tests/fuzz/$target.dict ]] || command+=("-dict=tests/fuzz/$target.dict")
  log="build/fuzz/$target.log"
  if "${command[@]}" >"$log" 2>&1; then
    say "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
  else
    found=$((found + 1))
    grep -vE '^#[0-9]+.*(NEW|REDUCE|pulse)' "$log" | tail -n 60 >&2
    say "$target: found something (see above; all of it: $log)"
  fi
done
((found == 0)) || die "$found of ${#targets[@]} targets found something, expected none"
