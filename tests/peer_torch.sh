#!/usr/bin/env bash
# peer_torch.sh SCRIPT ARGUMENT...: runs a Python script with onnx, onnxruntime, safetensors and the LibTorch of the
# build as Python's torch, on the CPU. Makes a virtual environment once, in build/test-venv-torch (66 MB to fetch); ends with
# 77 where that is not possible. GENBID_TEST_PYTHON_TORCH names a Python that has them all.
#
# The build's torch came without its CUDA libraries, which are 2 GB. Nothing calls them on the CPU, but the linker wants
# to see them: empty libraries of their names do, as long as functions are looked up when they are called.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# onnxruntime reads files of onnx; the others are what `import torch` and torch.export ask for.
packages=(onnx onnxruntime safetensors numpy typing_extensions sympy networkx jinja2 filelock fsspec "setuptools<82")
cuda_libraries=(libcublas.so.13 libcublasLt.so.13 libcudnn.so.9 libcufft.so.12 libcufile.so.0 libcurand.so.10
  libcusolver.so.12 libcusparse.so.12 libcusparseLt.so.0 libnccl.so.2 libnvshmem_host.so.3)
if [[ -n ${GENBID_TEST_PYTHON_TORCH:-} ]]; then
  exec "$GENBID_TEST_PYTHON_TORCH" "$@"
fi

no() {
  echo "$1" >&2
  exit 77
}

# What scripts/setup.sh has fetched, with or without CUDA.
find_torch() {
  local folder cache="${GENBID_CACHE:-${XDG_CACHE_HOME:-${HOME:-}/.cache}/genbid}"
  for folder in ${GENBID_TORCH_DIR:+"$GENBID_TORCH_DIR/.."} "$cache"/torch-*/lib/python3.*/site-packages; do
    if [[ -f $folder/torch/__init__.py && -f $folder/torch/lib/libtorch_cpu.so ]]; then
      (cd "$folder" && pwd)
      return
    fi
  done
}

torch="$(find_torch)"
[[ -n $torch ]] || no "no torch of scripts/setup.sh"
venv="$here/../build/test-venv-torch"
python="$venv/bin/python"
wanted="${packages[*]} $torch"
mkdir -p "$here/../build"
exec {lock}>"$here/../build/.test-venv-torch.lock"
flock "$lock" # tests run side by side
if [[ ! -f $venv/packages.txt || $(<"$venv/packages.txt") != "$wanted" ]]; then
  command -v python3 >/dev/null || no "no python3"
  command -v cc >/dev/null || no "no C compiler"
  python3 -m venv --clear "$venv" >&2 || no "python3 cannot make a virtual environment"
  "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2 || no "pip cannot install $wanted"
  mkdir -p "$venv/stubs"
  for library in "${cuda_libraries[@]}"; do
    cc -shared -x c /dev/null -o "$venv/stubs/$library" "-Wl,-soname,$library" >&2 || no "cc cannot make $library"
  done
  site="$(echo "$venv"/lib/python3.*/site-packages)"
  echo "import os, sys; sys.setdlopenflags(os.RTLD_LAZY)" >"$site/lazy.pth"
  echo "$torch" >"$site/torch.pth"
  echo "$wanted" >"$venv/packages.txt"
fi
exec {lock}>&-
LD_LIBRARY_PATH="$venv/stubs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$python" "$@"
