"""`make faults`: every scenario with its figures, one line each. Exit status 1 if anything was lost or damaged."""

import argparse
import os
import shutil
import signal
import sys
import warnings

from tests import databases
from tests.faults.scenarios import LONG, SCENARIOS, SHORT, run, why_not
from tests.faults.world import Masters, shown_now


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scale", choices=["long", "short"], default="long")
    parser.add_argument("--seed", default="1", help="the same seed gives the same answers; moments differ")
    parser.add_argument("--only", choices=list(SCENARIOS), action="append", help="may be given more than once")
    options = parser.parse_args()
    warnings.simplefilter("default")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a run that is stopped cleans up as well
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sizes = LONG if options.scale == "long" else SHORT
    folder = databases.begin_run()
    total, is_good = 0, True
    try:
        masters = Masters(folder)
        print(f"{shown_now()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, seed {options.seed}", flush=True)
        for name in options.only or SCENARIOS:
            if reason := why_not(name):
                print(f"{name:<20} not run: {reason}", flush=True)
                continue
            figures = run(name, folder / name, masters, sizes[name], options.seed)
            print(figures, flush=True)
            for note in [*figures.findings.notes, *figures.problems][:10]:
                print(f"    {note}", flush=True)
            total += figures.findings.acknowledged
            is_good = is_good and figures.is_good
            shutil.rmtree(folder / name, ignore_errors=True)
        print(f"{total} answers acknowledged; {'none lost' if is_good else 'NOT GOOD'}; load {os.getloadavg()[0]:.1f}")
    finally:
        databases.end_run(folder)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
