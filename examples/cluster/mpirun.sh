#!/usr/bin/env bash
# One training by the processes of Open MPI's mpirun: examples/cluster/mpirun.sh configs/market.yaml run=/shared/runs/market
# On several machines: MPIRUN="mpirun --hostfile machines" FIRST=the first of them.
set -euo pipefail
genbid="${GENBID_PROGRAM:-build/release/genbid}"
mpirun="${MPIRUN:-mpirun}" # several words are allowed
export OMP_NUM_THREADS=1 MASTER_ADDR="${FIRST:-127.0.0.1}" MASTER_PORT="${PORT:-29500}"
exec $mpirun -np "${PROCESSES:-2}" -x OMP_NUM_THREADS -x MASTER_ADDR -x MASTER_PORT "$genbid" train "$@"
