"""pandas, pyarrow and an S3 server of their own on Parquet logs: parquet_peer.py write|s3|read_back|iceberg FOLDER."""

import ast
import logging
import os
import pathlib
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

SAMPLE = "data/sample/trajectory_data_periods_7_8.csv"
RAW = "tests/golden/run_pid_small/log-0-agents-0-17.csv"
WHOLE = ["deliveryPeriodIndex", "advertiserNumber", "advertiserCategoryIndex", "timeStepIndex"]
RAW_WHOLE = WHOLE + ["pvIndex", "adSlot"]
RAW_FLAGS = ["xi", "isExposed", "conversionAction", "isEnd"]


def numbers(text):
    return list(map(float, ast.literal_eval(text))) if isinstance(text, str) else None


def with_states(frame, convert):
    frame = frame.copy()
    for column in ("state", "next_state"):
        frame[column] = [convert(numbers(text)) for text in frame[column]]
    return frame


def write(folder):
    """The sample's rows in every form that others write."""
    frame = pd.read_csv(SAMPLE)
    lists = with_states(frame, lambda state: state)
    arrow = pa.Table.from_pandas(lists, preserve_index=False)

    def cast(table, types):
        return table.cast(pa.schema([types.get(field.name, field) for field in table.schema], metadata=None))

    def typed(kind):
        return {name: pa.field(name, kind) for name in ("state", "next_state")}

    frame.to_parquet(f"{folder}/t_pandas_texts.parquet")
    lists.to_parquet(f"{folder}/t_pandas_lists.parquet", row_group_size=1000)
    with_states(frame, lambda state: None if state is None else np.array(state)).to_parquet(
        f"{folder}/t_pandas_arrays.parquet", compression="zstd")
    narrow = frame.astype({name: "int16" for name in WHOLE} | {"done": "bool"})
    narrow.to_parquet(f"{folder}/t_narrow.parquet", compression="gzip")
    frame.astype({name: "uint8" for name in WHOLE}).to_parquet(f"{folder}/t_unsigned.parquet", compression=None)
    frame.astype({name: "Int64" for name in WHOLE}).to_parquet(f"{folder}/t_nullable.parquet", compression="brotli")
    frame.astype({name: "category" for name in WHOLE + ["state"]}).to_parquet(f"{folder}/t_categories.parquet")
    pq.write_table(cast(arrow, typed(pa.large_list(pa.float64()))), f"{folder}/t_large_lists.parquet",
                   data_page_version="2.0", data_page_size=500, compression="lz4")
    pq.write_table(cast(arrow, typed(pa.list_(pa.float64(), 16))), f"{folder}/t_fixed_lists.parquet", row_group_size=7)
    pq.write_table(arrow, f"{folder}/t_split.parquet", use_dictionary=False, row_group_size=1 << 20,
                   column_encoding={"action": "BYTE_STREAM_SPLIT", "timeStepIndex": "DELTA_BINARY_PACKED",
                                    "budget": "PLAIN"}, write_page_checksum=True)
    parts = frame.drop(columns=["state", "next_state"])
    for i in range(16):
        parts[f"state_{i}"] = [state[i] for state in lists["state"]]
        parts[f"next_state_{i}"] = [None if state is None else state[i] for state in lists["next_state"]]
    parts.to_parquet(f"{folder}/t_parts.parquet", row_group_size=100)

    raw = pd.read_csv(RAW)
    raw.to_parquet(f"{folder}/r_floats.parquet", row_group_size=100)
    raw.astype({name: "int32" for name in RAW_WHOLE} | {name: "bool" for name in RAW_FLAGS}).to_parquet(
        f"{folder}/r_whole.parquet")
    raw.astype({name: "category" for name in RAW_WHOLE}).to_parquet(
        f"{folder}/r_categories.parquet", compression="zstd")
    # One with much in its footer.
    pq.write_table(arrow.slice(0, 12), f"{folder}/x_footer.parquet", compression="gzip", use_dictionary=False,
                   column_encoding={"action": "BYTE_STREAM_SPLIT", "timeStepIndex": "DELTA_BINARY_PACKED"})
    # Types that are refused.
    dates = frame.astype({"deliveryPeriodIndex": "datetime64[ns]"})
    dates.to_parquet(f"{folder}/x_dates.parquet")
    pq.write_table(arrow.cast(pa.schema([pa.field("budget", pa.decimal128(21, 2)) if field.name == "budget" else field
                                         for field in arrow.schema])), f"{folder}/x_decimals.parquet")


def datasets(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def same_columns(got, expected):
    a, b = datasets(got), datasets(expected)
    assert a.keys() == b.keys() and len(a) > 5, (a.keys(), b.keys())
    for name in a:
        assert np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f"), name


def genbid(*arguments, good=True, **environment):
    done = subprocess.run([os.environ["GENBID_PROGRAM"], *arguments], capture_output=True, text=True,
                          env=os.environ | environment, timeout=120)
    assert (done.returncode == 0) == good, done.stderr
    return done.stderr


def s3(folder):
    """Reads the files of `write` from a server that stands in for an object store."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server.start()
    host, port = server.get_host_and_port()
    store = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
             "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    client = boto3.client("s3", endpoint_url=store["AWS_ENDPOINT_URL"], aws_access_key_id="key",
                          aws_secret_access_key="secret", region_name="us-east-1")
    client.create_bucket(Bucket="logs")
    client.upload_file(f"{folder}/t_pandas_lists.parquet", "logs", "whole/trajectories of day 7.parquet")
    frame = pd.read_parquet(f"{folder}/t_pandas_lists.parquet")
    for period, rows in frame.groupby("deliveryPeriodIndex"):
        rows.to_parquet(f"{folder}/part.parquet", row_group_size=200)
        client.upload_file(f"{folder}/part.parquet", "logs", f"parts/more/part-{period}.parquet")
    client.put_object(Bucket="logs", Key="parts/_SUCCESS", Body=b"")
    client.put_object(Bucket="logs", Key="text.parquet", Body=b"a,b\n1,2\n")
    client.upload_file(f"{folder}/r_floats.parquet", "logs", "raw/r.parquet")

    def ingest(place, output, *more, good=True):
        return genbid("ingest", "configs/ingest.yaml", f"input={place}", f"output={output}", *more, good=good, **store)

    genbid("ingest", "configs/ingest.yaml", f"input={SAMPLE}", f"output={folder}/csv.h5")
    places = ["s3://logs/whole/trajectories of day 7.parquet", "s3://logs/parts", "s3://logs/parts/",
              "s3://logs/parts/*/part-*.parquet", "s3://logs/parts/more/part-[78].parquet"]
    for place in places:
        ingest(place, f"{folder}/s3.h5")
        same_columns(f"{folder}/s3.h5", f"{folder}/csv.h5")
    genbid("ingest", "configs/ingest.yaml", f"input={RAW}", "output=", f"output_market_log={folder}/raw.h5")
    ingest("s3://logs/raw", "", f"output_market_log={folder}/s3_raw.h5")
    same_columns(f"{folder}/s3_raw.h5", f"{folder}/raw.h5")

    def refused(place, words):
        message = ingest(place, f"{folder}/none.h5", good=False)
        assert place in message and words in message and message.count("\n") == 1, message
        assert not os.path.exists(f"{folder}/none.h5")

    refused("s3://logs/none.parquet", "cannot be read")
    refused("s3://logs/nothing/*.parquet", "found no objects of such names")
    refused("s3://logs/nothing", "found no objects below it that end in .parquet")
    refused("s3://other/a.parquet", "cannot be read")
    refused("s3://logs/text.parquet", "cannot be read as Parquet")
    refused("s3:///a.parquet", "found no bucket")
    server.stop()


def read_back(folder):
    """What simulate writes as Parquet holds what it writes as CSV."""
    for form in ("csv", "parquet"):
        genbid("simulate", "configs/simulate.yaml", "market.periods=0..1", "market.impressions=2000",
               "market.budget_scale=0.004", f"output.dir={folder}/{form}", "output.trajectories=true",
               f"output.tables={form}")
    csv = pd.read_csv(f"{folder}/csv/ticks.csv")
    pd.testing.assert_frame_equal(pd.read_parquet(f"{folder}/parquet/ticks.parquet"), csv, check_exact=True)
    assert csv.shape == (2 * 48 * 48, 18)

    csv = with_states(pd.read_csv(f"{folder}/csv/trajectories.csv"), lambda state: state)
    for frame in (pd.read_parquet(f"{folder}/parquet/trajectories.parquet"),
                  pq.read_table(f"{folder}/parquet/trajectories.parquet").to_pandas()):
        assert list(frame.columns) == list(csv.columns)
        for column in frame.columns:
            got = [value.tolist() if isinstance(value, np.ndarray) else value for value in frame[column]]
            assert got == csv[column].tolist(), column
        assert all(frame[name].dtype == "int64" for name in WHOLE + ["done"])
    schema = pq.read_schema(f"{folder}/parquet/trajectories.parquet")
    assert schema.field("state").type == pa.list_(pa.float64()), schema


def iceberg(folder):
    """The page's block on a table of two files."""
    os.environ["PYICEBERG_CATALOG__DEFAULT__URI"] = f"sqlite:///{folder}/catalog.db"
    os.environ["PYICEBERG_CATALOG__DEFAULT__WAREHOUSE"] = f"file://{folder}/warehouse"
    from pyiceberg.catalog import load_catalog  # which looks at these first

    page = pathlib.Path("docs/iceberg.md").read_text()
    program, root = pathlib.Path(os.environ["GENBID_PROGRAM"]).absolute(), pathlib.Path.cwd()
    os.makedirs(f"{folder}/warehouse")
    os.makedirs(f"{folder}/runs")
    catalog = load_catalog("default")
    catalog.create_namespace("ads")
    rows = pa.Table.from_pandas(with_states(pd.read_csv(SAMPLE), lambda state: state), preserve_index=False)
    table = catalog.create_table("ads.trajectories", schema=rows.schema)
    for period in (7, 8):
        table.append(rows.filter(pa.compute.equal(rows["deliveryPeriodIndex"], period)))
    os.chdir(folder)
    exec(page.split("```python\n")[1].split("```")[0], {})
    os.environ["GENBID_PROGRAM"] = str(program)
    genbid("ingest", "runs/iceberg.yaml")
    genbid("ingest", "runs/iceberg.yaml", f"input={root / SAMPLE}", f"output={folder}/csv.h5")
    same_columns(f"{folder}/runs/iceberg/trajectories.h5", f"{folder}/csv.h5")


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
