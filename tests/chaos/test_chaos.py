"""The harness itself: a short run of it, and whether its verdict sees what must not be."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from .faults import FAULTS, planned
from .stations import module

FEW = 6
SEED = 515
"""Its first six faults are six kinds, at all kinds of moments."""


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_every_promise_holds_after_a_few_faults(tmp_path):
    # More than an hour of history, so that at least one hour has ended and can be built.
    options = ["--faults", str(FEW), "--seed", str(SEED), "--listeners", "10000", "--history", "65"]

    run = subprocess.run(
        module("tests.chaos", *options, "--home", tmp_path / "home"),
        capture_output=True,
        text=True,
        check=False,
    )

    *faults, verdict = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, json.dumps(verdict, indent=2)
    assert len(faults) == FEW
    assert verdict["verdict"] == "kept"
    assert verdict["counts"]["accepted_rows"] > 1000
    assert verdict["counts"]["rejects"] > 0


def test_the_same_seed_plans_the_same_faults():
    assert planned(100, seed=5) == planned(100, seed=5)
    assert planned(100, seed=5) != planned(100, seed=6)


def test_a_long_run_has_every_fault():
    done = Counter(each.fault for each in planned(100, seed=5))

    assert done.keys() == FAULTS.keys()
    assert min(done.values()) >= 2
