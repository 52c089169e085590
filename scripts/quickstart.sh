#!/usr/bin/env bash
#: Sets up, builds the program without its tests, then shows genbid's main job end to end on data that is in the repository.
#:
#: usage: scripts/quickstart.sh [options of scripts/setup.sh]
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
case ${1:-} in -h | --help) show_help && exit 0 ;; esac

"$repo/scripts/setup.sh" --target genbid "$@"
cd "$repo"

# genbid ARGUMENTS...: shows the command as a person would type it, then runs it.
genbid() {
  say ""
  say "\$ build/release/genbid $*"
  build/release/genbid "$@"
}

# --- What it shows ---------------------------------------------------------------------------

export OMP_WAIT_POLICY=passive # on a busy machine waiting threads would take the processors from working ones

runs=runs/quickstart
rm -rf "$runs" # made by an earlier quickstart

genbid ingest configs/ingest.yaml "output=$runs/trajectories.h5"
genbid train configs/quickstart/behavior_cloning.yaml
genbid train configs/quickstart/decision_transformer.yaml
genbid simulate configs/quickstart/simulate.yaml
genbid train configs/quickstart/perceptron.yaml
genbid train configs/quickstart/market.yaml
genbid export "$runs/market" "output=$runs/bundles"
genbid evaluate configs/quickstart/evaluate.yaml

say ""
say "Everything lies in $runs:"
say "  trajectories.h5                     the trajectory store (HDF5)"
say "  days/trajectories.h5                days of the market, with the best alphas in hindsight"
say "  days/tape.h5                        what every seat would have got on them for any bid"
say "  behavior_cloning/, decision_transformer/, perceptron/, market/   the runs: config.yaml,"
say "                                      metrics.jsonl, TensorBoard events, checkpoints/, report.html"
say "  bundles/                            the policy of market/ for bidding servers: docs/serving.md"
say "  evaluation/                         result.json of each candidate"
say "  evaluation/report.html              all of them in charts and tables: open it in a browser"
say "Next: configs/ holds what was run, 'build/release/genbid --help' and README.md what else there is."
