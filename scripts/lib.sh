# Shared by the scripts beside it: source "$(dirname "${BASH_SOURCE[0]}")/lib.sh".
# shellcheck shell=bash
set -euo pipefail

me="$(basename "$0")"
repo="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

say() { printf '%s\n' "$*"; }
die() {
  printf '%s: %s\n' "$me" "$*" >&2
  exit 1
}

# An empty environment has no HOME; ccache and the cache folder below want one.
if [[ -z ${HOME:-} ]]; then
  HOME="$(getent passwd "$(id -u)" | cut -d: -f6 || true)"
  [[ -n $HOME ]] || HOME="$repo/.deps"
  export HOME
fi

# Kept between clones: what setup.sh downloads.
# shellcheck disable=SC2034  # used by setup.sh
cache="${GENBID_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/genbid}"

# The lines between "#:" marks at the top of a script are its help.
show_help() { sed -n 's/^#: \{0,1\}//p' "$0"; }

# Compile jobs: one a processor, but 2 GiB of memory each.
build_jobs() {
  local processors gib limit
  processors="$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)" # which heeds them
  gib="$(awk '/^MemTotal:/ { print int($2 / 1048576) }' /proc/meminfo 2>/dev/null || true)"
  limit="$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)"
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit >> 30 < ${gib:-0})); then gib=$((limit >> 30)); fi
  if [[ -n $gib ]] && ((gib / 2 < processors)); then processors=$((gib / 2)); fi
  ((processors > 0)) || processors=1
  say "$processors"
}

# take_lock FILE: waits until no other process holds it; held until this script ends.
take_lock() {
  local fd
  mkdir -p "$(dirname "$1")" 2>/dev/null || die "$(dirname "$1"): cannot be created, expected a folder I may write to"
  exec {fd}>"$1" || die "$1: cannot be opened, expected a file I may write to"
  if ! flock -n "$fd"; then
    say "Waiting for another $me to finish (lock: $1)"
    flock "$fd"
  fi
}
