#!/usr/bin/env bash
# One training by the processes of PyTorch's launcher, which begins again when one of them is lost: the run goes on from
# its last checkpoint. On several machines: --nnodes 2 --rdzv-backend c10d --rdzv-endpoint FIRST_MACHINE:29500 at each.
set -euo pipefail
genbid="${GENBID_PROGRAM:-build/release/genbid}"
torchrun="${TORCHRUN:-torchrun}" # several words are allowed
processes="${PROCESSES:-2}"
OMP_NUM_THREADS=1 exec $torchrun --no-python --nproc-per-node "$processes" --max-restarts 3 \
  "$genbid" train "$@"
