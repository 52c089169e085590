#!/usr/bin/env bash
#: Sets up, then shows genbid's main job end to end on data that is in the repository.
#:
#: usage: scripts/quickstart.sh [options of scripts/setup.sh]
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in -h | --help) show_help && exit 0 ;; esac

"$repo/scripts/setup.sh" "$@"
cd "$repo"

# genbid ARGUMENTS...: shows the command as a person would type it, then runs it.
genbid() {
  say ""
  say "\$ build/release/genbid $*"
  build/release/genbid "$@"
}

# --- What it shows ---------------------------------------------------------------------------

genbid --help
