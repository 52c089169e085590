#!/usr/bin/env bash
#: Sets up, builds and runs the tests. The last line counts test cases: N passed, N failed.
#:
#: usage: scripts/test.sh [options] [options of scripts/setup.sh]
#:   --unit      only the tests with label unit (default: all: unit, slow, gpu)
#:   -R REGEX    only the test programs whose name matches
#:   --asan      build and test in build/asan: address and undefined-behaviour sanitizers
#:   --tsan      build and test in build/tsan: thread sanitizer, parts without torch
#:   --peers     install the tools that only tests use (scripts/setup.sh), and fail where one is missing; without it
#:               the tests that need them are skipped
#:   --long      all corners of configs and all moments of signals and kills (hours), of which a sample runs otherwise
#:               (minutes). Longer fuzzing: scripts/fuzz.sh
#:   --help      this text
#:
#: With CI=true warnings are errors, and so are missing reference files and tools.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preset=release peers=no
select=() setup_args=()
while (($# > 0)); do
  case $1 in
    --unit) select+=(-L '^unit$') ;;
    --asan | --tsan) preset="${1#--}" ;;
    --peers) peers=yes ;;
    --long) export GENBID_LONG_TESTS=1 ;;
    -R)
      [[ $# -ge 2 ]] || die "option -R: found nothing after it, expected a regular expression"
      select+=(-R "$2")
      shift
      ;;
    -h | --help)
      show_help
      exit 0
      ;;
    *) setup_args+=("$1") ;;
  esac
  shift
done
if [[ ${CI:-} == true ]]; then
  export GENBID_CI=1
  peers=yes
  setup_args+=(-DGENBID_WERROR=ON)
fi
if [[ $peers == yes ]]; then
  export GENBID_PEERS=1 # a tool that is missing all the same is a failure
  setup_args+=(--peers)
fi

"$repo/scripts/setup.sh" --preset "$preset" ${setup_args[@]+"${setup_args[@]}"}

build="$repo/build/$preset"
results="$build/test-results"
junit="$build/ctest.xml"
ctest=(ctest --test-dir "$build" ${select[@]+"${select[@]}"})
rm -rf "$results" "$junit"
mkdir -p "$results"

# The googletest programs among the CTest entries are those told to write an XML file.
mapfile -t gtests < <("${ctest[@]}" --show-only=json-v1 |
  sed -nE 's|.*GTEST_OUTPUT=xml:[^"]*/([^"/]+)\.xml".*|\1|p')

jobs="$(build_jobs)"
export OMP_NUM_THREADS=1
ctest_failed=0
"${ctest[@]}" -j "$((jobs < 2 ? jobs : 2))" --output-on-failure --no-tests=ignore --output-junit "$junit" || ctest_failed=1

passed=0 failed=0 skipped=0

# attribute NAME TEXT: the sum of NAME="number" over the lines of TEXT.
attribute() { { grep -oE " $1=\"[0-9]+\"" <<<"$2" || true; } | tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum + 0 }'; }

# count_gtest NAME STATUS: the program's XML has the cases. A program that failed while no case did,
# or left no XML, died: one failure more.
count_gtest() {
  local xml="$results/$1.xml" suites all bad=0 not_run=0
  if [[ -s $xml ]]; then
    suites="$(grep '<testsuite ' "$xml" || true)"
    all="$(attribute tests "$suites")"
    bad=$(($(attribute failures "$suites") + $(attribute errors "$suites")))
    not_run=$(($(attribute skipped "$suites") + $(attribute disabled "$suites")))
    passed=$((passed + all - bad - not_run))
    skipped=$((skipped + not_run))
    failed=$((failed + bad))
  fi
  if [[ ! -s $xml || ($2 != run && $bad -eq 0) ]]; then
    failed=$((failed + 1))
    say "$1: died before its results were complete (status '$2')"
  fi
}

# count_other NAME STATUS LINE: any other CTest entry is one test.
count_other() {
  case $2 in
    run) passed=$((passed + 1)) ;;
    disabled) skipped=$((skipped + 1)) ;;
    notrun) if [[ $3 == *SKIP_* ]]; then skipped=$((skipped + 1)); else failed=$((failed + 1)); fi ;;
    *) failed=$((failed + 1)) ;;
  esac
}

while read -r line; do
  name="$(sed -E 's/.* name="([^"]*)".*/\1/' <<<"$line")"
  status="$(sed -E 's/.* status="([^"]*)".*/\1/' <<<"$line")"
  if [[ " ${gtests[*]} " == *" $name "* ]]; then count_gtest "$name" "$status"; else count_other "$name" "$status" "$line"; fi
done < <([[ ! -f $junit ]] || tr '\n' ' ' <"$junit" | sed 's/<testcase /\n&/g' | grep '^<testcase ')

if ((ctest_failed && failed == 0)); then
  failed=1
  say "ctest failed for a reason that no test shows (see above)"
fi
((passed + failed > 0)) || say "No tests ran, expected some (built with -DGENBID_TESTS=OFF, or no name matches)"

summary="$passed passed, $failed failed"
((skipped == 0)) || summary+=", $skipped skipped"
say "$summary"
((failed == 0 && passed > 0))
