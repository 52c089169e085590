#!/usr/bin/env bash
# install_test.sh SOURCES BUILD WRITER PROGRAM: installs the build into a prefix, moves that elsewhere, and builds the C
# example against it with CMake and with pkg-config, with nothing of the build tree in sight; then runs it and the Python
# example with bundles that WRITER writes. PROGRAM: ON if bin/genbid is to be there.
set -euo pipefail
sources="$1" build="$2" writer="$3" program="$4"
fail() { echo "install_test.sh: $*" >&2; exit 1; }

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" >"$work/install.log" || { cat "$work/install.log" >&2; fail "install"; }
mv "$work/first" "$work/prefix"
prefix="$work/prefix"
for file in include/genbid.h include/genbid_click.h lib/libgenbid_serve.so lib/libgenbid_serve.so.0 lib/pkgconfig/genbid_serve.pc \
  lib/cmake/genbid_serve/genbid_serveConfig.cmake lib/cmake/genbid_serve/genbid_serveConfigVersion.cmake; do
  [[ -e $prefix/$file ]] || fail "found no $file, expected it in the prefix"
done
if [[ $program == ON ]]; then
  "$prefix/bin/genbid" --version >/dev/null || fail "bin/genbid does not start"
fi
if grep -rIlF -e "$build" -e "$work/first" "$prefix/lib" "$prefix/include"; then
  fail "found the build tree named in these files, expected none"
fi
"$writer" perceptron "$work/perceptron"
"$writer" recurrent "$work/bundles/one"
echo one >"$work/bundles/CURRENT"
"$writer" agents "$work/agents"

cp -r "$sources/examples/serve" "$work/example"
cd "$work/example"
clean() { env -i PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 "$@"; }
clean CMAKE_GENERATOR=Ninja cmake -S . -B with_cmake -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" \
  >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" >&2; fail "cmake does not find genbid_serve"; }
clean cmake --build with_cmake >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" >&2; fail "the example does not build"; }
found="$(clean PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs genbid_serve)" || fail "pkg-config"
# shellcheck disable=SC2086
clean cc -std=c99 -Wall -Wextra -Wpedantic -Werror act.c $found -o with_pkg_config

for bundle in perceptron bundles; do
  clean ./with_cmake/act "$work/$bundle" >"$work/one.txt" || fail "the example of CMake ends with an error"
  clean LD_LIBRARY_PATH="$prefix/lib" ./with_pkg_config "$work/$bundle" >"$work/two.txt" || fail "that of pkg-config"
  cmp "$work/one.txt" "$work/two.txt"
  [[ $(grep -c '^tick [0-9]*: [0-9.e+-]* [0-9.e+-]*$' "$work/one.txt") == 6 ]] ||
    { cat "$work/one.txt" >&2; fail "expected two alphas in each of six ticks"; }
  if command -v python3 >/dev/null; then
    clean python3 act.py "$prefix/lib/libgenbid_serve.so.0" "$work/$bundle" >"$work/python.txt" || fail "act.py"
    diff <(grep -v '^without' "$work/one.txt") "$work/python.txt" || fail "C and Python bid differently"
  fi
done
# Agent 1 bids 3 times its last alpha, 4 at first, and so many more as slots have gone by; what yesterday's slots and
# today's say of the first campaign is its beta.
clean ./with_cmake/click "$work/agents" >"$work/click.txt" || fail "the example of clicks ends with an error"
diff <(tail -n 3 "$work/click.txt" | cut -d' ' -f1-3,5) - <<'END' || fail "found other bids of agents"
slot 0: 12 12
slot 1: 37 37
slot 2: 113 113
END
if clean ./with_cmake/act /nowhere 2>"$work/error.txt"; then fail "expected an error of a bundle that is not there"; fi
[[ $(cat "$work/error.txt") == "act: load the bundle: /nowhere: found neither bundle.json nor CURRENT, expected a bundle" ]] ||
  fail "found the error '$(cat "$work/error.txt")'"
