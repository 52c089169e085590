#!/usr/bin/env bash
# store_h5py.sh read|write|read_market_log|write_market_log STORE: h5py and pandas on our stores. Makes a virtual environment for them
# once; ends with 77 where that is not possible.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="${GENBID_TEST_PYTHON:-}"
if [[ -z $python ]]; then
  venv="$here/../../build/test-venv"
  python="$venv/bin/python"
  if ! "$python" -c 'import h5py, pandas' 2>/dev/null; then
    command -v python3 >/dev/null || { echo "no python3" >&2; exit 77; }
    python3 -m venv "$venv" >&2 || { echo "python3 cannot make a virtual environment" >&2; exit 77; }
    "$python" -m pip install --quiet --disable-pip-version-check h5py pandas >&2 ||
      { echo "pip cannot install h5py and pandas" >&2; exit 77; }
  fi
fi
exec "$python" "$here/store_h5py.py" "$@"
