#!/usr/bin/env bash
#: Builds genbid on a machine with a GPU, runs the tests that need one, times training steps there beside PyTorch's, and
#: writes what it found as one JSON file. At most 8 minutes: what does not fit is left out, and the file says so.
#:
#: usage: scripts/gpu_check.sh [options] [options of scripts/setup.sh]
#:   --device NAME   cpu, cuda or cuda:N (default: cuda). With cpu it needs no GPU: to see that it works
#:   --output FILE   the file (default: build/release/gpu_check.json)
#:   --minutes N     the limit (default: 8)
#:   --small         small benchmarks, a few seconds each
#:   --no-build      the program is built already
#:   --help          this text
#:
#: It needs a compiler, cmake, ninja and PyTorch's LibTorch: GENBID_TORCH_DIR names it, or else the python3 on the PATH
#: is asked where its torch lies, or else scripts/setup.sh fetches it. `--prefix DIR` brings the other libraries to a
#: machine without a package manager (scripts/setup.sh --help). PyTorch is timed where python3 has torch.
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

device=cuda output="" minutes=8 build=yes small=no
setup_args=()
while (($# > 0)); do
  case $1 in
    --device | --output | --minutes)
      [[ $# -ge 2 && -n $2 && $2 != -* ]] || die "option $1: found nothing after it, expected a value"
      case $1 in
        --device) device="$2" ;;
        --output) output="$(realpath -m -- "$2")" ;;
        --minutes) minutes="$2" ;;
      esac
      shift
      ;;
    --small) small=yes ;;
    --no-build) build=no ;;
    -h | --help)
      show_help
      exit 0
      ;;
    *) setup_args+=("$1") ;;
  esac
  shift
done
[[ $device =~ ^(cpu|cuda(:[0-9]+)?)$ ]] || die "option --device: found '$device', expected cpu, cuda or cuda:N"
[[ $minutes =~ ^[1-9][0-9]*$ ]] || die "option --minutes: found '$minutes', expected a whole number above 0"
folder="$repo/build/release"
output="${output:-$folder/gpu_check.json}"
work="$folder/gpu_check"
rm -rf "$work"
mkdir -p "$work" "$(dirname "$output")"
end=$((SECONDS + 60 * minutes))

# A part that has run out of time is not begun, and one that does is ended. Its status and seconds go into the file.
parts=() failed=0
run_part() { # NAME LOG COMMAND...
  local name="$1" log="$work/$2" begin=$SECONDS left=$((end - SECONDS)) status=0
  shift 2
  if ((left <= 5)); then
    parts+=("{\"part\": \"$name\", \"status\": \"left out\", \"seconds\": 0}")
    say "$name: left out, the time is over"
    failed=1
    return 1
  fi
  timeout -k 10 "$left" "$@" >"$log" 2>"$log.err" || status=$?
  local word="done"
  ((status == 0)) || word="failed ($status)"
  ((status != 124 && status != 137)) || word="out of time"
  parts+=("{\"part\": \"$name\", \"status\": \"$word\", \"seconds\": $((SECONDS - begin))}")
  say "$name: $word, $((SECONDS - begin)) s"
  ((status == 0)) || {
    tail -n 15 "$log" "$log.err" >&2
    failed=1
  }
  return "$status"
}

list_of() { if [[ -s $1 ]]; then cat "$1"; else say "[]"; fi; }
quoted() { tr -d '"\\\000-\037' <<<"$1"; }

finish() {
  local gpu driver
  gpu="$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1 || true)"
  driver="$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1 || true)"
  {
    say "{\"device\": \"$device\", \"gpu\": \"$(quoted "${gpu:-none}")\", \"driver\": \"$(quoted "${driver:-none}")\","
    say " \"processors\": $(env -u OMP_NUM_THREADS nproc), \"revision\": \"$(quoted "$(git -C "$repo" describe --always --dirty 2>/dev/null || true)")\","
    say " \"tests\": \"$(quoted "$(tail -n 1 "$work/tests.summary" 2>/dev/null || true)")\","
    printf ' "parts": ['
    local IFS=,
    say "${parts[*]}],"
    printf ' "genbid": '
    list_of "$work/bench.json"
    printf ', "pytorch": '
    list_of "$work/eager.json"
    printf ', "pytorch_compiled": '
    list_of "$work/compiled.json"
    say "}"
  } >"$output.part"
  mv "$output.part" "$output"
  say "$output"
}
trap finish EXIT

if [[ -z ${GENBID_TORCH_DIR:-} ]] && command -v python3 >/dev/null; then
  found="$(python3 -c 'import importlib.util as u; s = u.find_spec("torch"); print(s.submodule_search_locations[0] if s else "")' 2>/dev/null || true)"
  if [[ -n $found && -f $found/lib/libtorch_cpu.so ]]; then export GENBID_TORCH_DIR="$found"; fi
fi
if [[ $device != cpu && -z ${GENBID_TORCH_DIR:-} ]]; then setup_args+=(--cuda); fi

if [[ $build == yes ]]; then
  for target in genbid models_gpu_tests ranks_gpu_tests; do
    run_part "build $target" "build.$target" "$repo/scripts/setup.sh" ${setup_args[@]+"${setup_args[@]}"} --target "$target" || exit 1
  done
fi

export OMP_NUM_THREADS=1
cd "$repo"
# A machine that shows a GPU and cannot use it fails here. Where there is none, all are skipped.
run_part tests tests "$folder/tests/models_gpu_tests" || true
run_part "tests of ranks" tests.ranks "$folder/tests/ranks_gpu_tests" || true
{ cat "$work/tests" "$work/tests.ranks" | sed -nE 's/^\[ *(PASSED|SKIPPED|FAILED) *\] ([0-9]+) tests?[.,].*/\2 \1/p' | paste -sd, || true; } >"$work/tests.summary"

bench=("$folder/genbid" bench step. --device "$device" --json)
[[ $small == no ]] || bench+=(--small)
run_part bench bench.json "${bench[@]}" || true

if python3 -c 'import torch' 2>/dev/null; then
  for mode in eager compiled; do
    peer=(python3 "$repo/scripts/reference/step_times.py" --device "$device" --mode "$mode")
    [[ $small == no ]] || peer+=(--small --steps 3)
    run_part "peer $mode" "$mode.json" "${peer[@]}" || true
  done
else
  parts+=('{"part": "peer", "status": "left out: python3 has no torch", "seconds": 0}')
  say "peer: left out, python3 has no torch"
fi
exit "$failed"
