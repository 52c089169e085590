"""What others read in a run's files.

  read_elsewhere.py tensorboard RUN      exit status 1 unless TensorBoard has the values of metrics.jsonl, and no others
  read_elsewhere.py prometheus RUN FILE  the same of the newest values, by Prometheus' own parser
  read_elsewhere.py page PAGE            runs the page's blocks of Python, one after another
"""
import json
import pathlib
import re
import struct
import sys


def as_float(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def lines_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def check_tensorboard(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    expected = {}
    for line in lines_of(run):
        for name, value in line.items():
            if name != "step":
                expected.setdefault(name, []).append((line["step"], as_float(value)))
    events = EventAccumulator(str(run), size_guidance={"scalars": 0}).Reload()
    assert expected and sorted(events.Tags()["scalars"]) == sorted(expected), events.Tags()
    for name, values in expected.items():
        found = events.Scalars(name)
        assert [(event.step, event.value) for event in found] == values, (name, found, values)
        times = [event.wall_time for event in found]
        assert times == sorted(times) and times[0] > 1.7e9, times


def check_prometheus(run, path):
    from prometheus_client.parser import text_string_to_metric_families

    newest = {}
    for line in lines_of(run):
        newest.update(line)
    expected = {("genbid_train_step", "", ""): newest.pop("step"), ("genbid_train_running", "", ""): 0.0}
    for name, value in newest.items():
        group, kind, *rest = name.split("/")
        period = rest.pop().removeprefix("period_") if group == "held_out" else ""
        family = f"genbid_{group}_{kind}" + ("_part" if rest else "")
        expected[family, "/".join(rest), period] = value
    found = {}
    for family in text_string_to_metric_families(pathlib.Path(path).read_text()):
        assert family.type == "gauge", family
        for sample in family.samples:
            assert sample.labels.pop("run") == str(run), sample
            key = (sample.name, sample.labels.pop("part", ""), sample.labels.pop("period", ""))
            assert not sample.labels and key not in found, sample
            found[key] = sample.value
    assert found == expected, (found, expected)


def run_page(page):
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 4, len(blocks)
    names = {}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), names)


mode, path = sys.argv[1], pathlib.Path(sys.argv[2])
{"tensorboard": check_tensorboard, "prometheus": check_prometheus, "page": run_page}[mode](path, *sys.argv[3:])
