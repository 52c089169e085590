#!/usr/bin/env bash
# peer_python.sh SCRIPT ARGUMENT...: runs a Python script with the packages that tests compare our files with. Makes a
# virtual environment for them once, in build/test-venv; ends with 77 where that is not possible. GENBID_TEST_PYTHON
# names a Python that has them.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
packages=(h5py pandas pyarrow matplotlib tensorboard prometheus_client mlflow-skinny "moto[server]" "pyiceberg[sql-sqlite]")
python="${GENBID_TEST_PYTHON:-}"
if [[ -z $python ]]; then
  venv="$here/../build/test-venv"
  python="$venv/bin/python"
  mkdir -p "$here/../build"
  exec {lock}>"$here/../build/.test-venv.lock"
  flock "$lock" # tests run side by side
  if [[ ! -f $venv/packages.txt || $(<"$venv/packages.txt") != "${packages[*]}" ]]; then
    command -v python3 >/dev/null || { echo "no python3" >&2; exit 77; }
    python3 -m venv "$venv" >&2 || { echo "python3 cannot make a virtual environment" >&2; exit 77; }
    "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2 ||
      { echo "pip cannot install ${packages[*]}" >&2; exit 77; }
    echo "${packages[*]}" >"$venv/packages.txt"
  fi
  exec {lock}>&-
fi
exec "$python" "$@"
