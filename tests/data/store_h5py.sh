#!/usr/bin/env bash
# store_h5py.sh read|write|read_market_log|write_market_log STORE: h5py and pandas on our stores.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
exec "$here/../peer_python.sh" "$here/store_h5py.py" "$@"
