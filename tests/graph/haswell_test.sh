#!/usr/bin/env bash
# haswell_test.sh TEST_PROGRAM: runs tests of the exported graphs' runtime on an emulated processor that has AVX2 and no
# AVX-512. An instruction that it lacks ends the program. 77 where there is no emulator (scripts/setup.sh --peers).
set -euo pipefail
if ! command -v qemu-x86_64 >/dev/null; then
  echo "found no qemu-x86_64, expected it (scripts/setup.sh --peers)" >&2
  exit 77
fi
unset GENBID_TARGET GTEST_OUTPUT
export GENBID_EXPECTED_TARGET=avx2
# Random graphs, which take minutes here, are left out: each kernel runs in what stays.
exec qemu-x86_64 -cpu Haswell "$1" --gtest_filter='-RandomGraphs.*:Products.Convolutions*:Products.Attention*'
