#!/usr/bin/env bash
#: Checks the layout of all sources (clang-format, lines of at most 120 characters) and lints the changed ones
#: (clang-tidy).
#:
#: usage: scripts/lint.sh [options] [BASE]
#:   BASE     lint files that differ from this commit (default: HEAD~1)
#:   --all    lint all files
#:   --at-most N   lint the first N of them and say how many are left out: a large merge would take hours
#:   --fix    let clang-format rewrite the files instead of complaining
#:   --help   this text
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$repo"

base=HEAD~1 all=no fix=no at_most=1000000
while (($# > 0)); do
  case $1 in
    --all) all=yes ;;
    --fix) fix=yes ;;
    -h | --help)
      show_help
      exit 0
      ;;
    --at-most)
      [[ $# -ge 2 && $2 =~ ^[1-9][0-9]*$ ]] || die "option --at-most: found '${2:-}', expected a whole number above 0"
      at_most="$2"
      shift
      ;;
    -*) die "found option '$1', expected one of --all, --fix, --at-most, --help" ;;
    *) base="$1" ;;
  esac
  shift
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
# clang-format leaves comments as they are.
if long="$(awk 'length($0) > 120 { print FILENAME ":" FNR ": found " length($0) " characters, expected 120 at most"; bad = 1 }
    END { exit !bad }' "${sources[@]}")"; then
  say "$long"
  failed=1
fi
say "clang-format and length of lines: ${#sources[@]} files"

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
num_units="${#units[@]}"
units=("${units[@]:0:at_most}")
((num_units <= at_most)) || say "clang-tidy: the first $at_most of $num_units files (all of them: without --at-most)"
if ((${#units[@]} > 0)); then
  printf '%s\0' "${units[@]}" |
    xargs -0 -n 1 -P "$(build_jobs)" "$tidy" -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option \
      --warnings-as-errors='*' || failed=1
fi
say "clang-tidy: ${#units[@]} files"
((failed == 0)) || die "found the problems above, expected none"
