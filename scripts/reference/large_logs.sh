#!/usr/bin/env bash
#: Rehearses logs that are larger than the disk: periods arrive one by one as raw logs of 3.8 GB, each becomes a
#: trajectory store with labels and a market log, and is deleted. The figures of docs/large_data.md.
#:
#: usage: scripts/reference/large_logs.sh FOLDER [FIRST] [LAST]     (default: periods 1000 to 1020)
#:
#: A call that was stopped or killed goes on by the same call: a period whose store is there is done. Prints a line a
#: period: seconds of making and of ingesting it, most memory of either in MB, bytes left in FOLDER.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
genbid="${GENBID_PROGRAM:-build/release/genbid}"
folder="${1:?found no folder}" first="${2:-1000}" last="${3:-1020}"
mkdir -p "$folder"
# seconds and kB of a command.
measured() { command time -f '%e %M' "$@" 2>&1 >/dev/null | tail -n 1; }
for period in $(seq "$first" "$last"); do
  store="$folder/period-$period.h5" raw="$folder/arriving"
  [[ ! -f $store ]] || continue
  rm -rf "$raw"
  made="$(measured "$genbid" --quiet simulate configs/simulate.yaml market.population=rules48 market.periods="$period" \
    output.raw_log=true output.ticks=false output.dir="$raw")"
  log="$raw/raw_log/period-$period.csv"
  bytes="$(stat -c %s "$log")"
  read_in="$(measured "$genbid" --quiet ingest configs/ingest.yaml input="$log" labels=true \
    output_market_log="$folder/market-$period.h5" output="$store")"
  rm -rf "$raw"
  printf 'period %s: %s bytes, made in %s s, ingested in %s s, most memory %s and %s MB, kept %s bytes\n' "$period" "$bytes" \
    "${made% *}" "${read_in% *}" "$((${made#* } / 1000))" "$((${read_in#* } / 1000))" "$(du -sb "$folder" | cut -f1)"
done
