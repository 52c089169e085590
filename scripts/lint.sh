#!/usr/bin/env bash
#: Checks the layout of all sources (clang-format) and lints the changed ones (clang-tidy).
#:
#: usage: scripts/lint.sh [options] [BASE]
#:   BASE     lint files that differ from this commit (default: HEAD~1)
#:   --all    lint all files
#:   --fix    let clang-format rewrite the files instead of complaining
#:   --help   this text
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo"

base=HEAD~1 all=no fix=no
for option in "$@"; do
  case $option in
    --all) all=yes ;;
    --fix) fix=yes ;;
    -h | --help)
      show_help
      exit 0
      ;;
    -*) die "found option '$option', expected one of --all, --fix, --help" ;;
    *) base="$option" ;;
  esac
done

# tool NAME: the command of version 14, whose layout is the one we keep.
tool() {
  local found
  if command -v "$1-14"; then return; fi
  command -v "$1" >/dev/null || die "found no $1, expected version 14: apt-get install $1-14"
  found="$("$1" --version | grep -oE 'version [0-9]+' | tr -dc 0-9)"
  [[ $found == 14 ]] || die "$1: found version $found, expected 14: apt-get install $1-14"
  command -v "$1"
}
format="$(tool clang-format)"
tidy="$(tool clang-tidy)"

failed=0
mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- '*.h' '*.cpp')
((${#sources[@]} > 0)) || die "found no *.h or *.cpp in the repository, expected some"
if [[ $fix == yes ]]; then
  "$format" -i "${sources[@]}"
else
  "$format" --dry-run -Werror "${sources[@]}" || failed=1
fi
say "clang-format: ${#sources[@]} files"

if [[ $all == no ]]; then
  git rev-parse -q --verify "$base^{commit}" >/dev/null || {
    say "clang-tidy: no commit '$base', all files"
    all=yes
  }
fi
if [[ $all == yes ]]; then
  changed=("${sources[@]}")
else
  mapfile -t changed < <({
    git diff --name-only --diff-filter=d "$base" -- '*.h' '*.cpp'
    git ls-files --others --exclude-standard -- '*.h' '*.cpp'
  } | sort -u)
fi

# A header is linted through the .cpp of its name. Only files that the lint preset compiles.
scripts/setup.sh --preset lint --no-compile
mapfile -t units < <(printf '%s\n' ${changed[@]+"${changed[@]}"} | sed -E 's/\.h$/.cpp/' | sort -u |
  while read -r file; do
    if grep -qF "\"file\": \"$repo/$file\"" build/lint/compile_commands.json; then say "$file"; fi
  done)
if ((${#units[@]} > 0)); then
  printf '%s\0' "${units[@]}" |
    xargs -0 -n 1 -P "$(build_jobs)" "$tidy" -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option --warnings-as-errors='*' || failed=1
fi
say "clang-tidy: ${#units[@]} files"
((failed == 0)) || die "found the problems above, expected none"
