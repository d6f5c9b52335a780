#!/usr/bin/env python3
"""Draw benchmarks/plot.svg from benchmarks/results.json.

tools/run --use benchmarks/requirements.txt python benchmarks/plot.py
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "dockyard"  # the same figures draw the same file
from matplotlib import pyplot  # noqa: E402

HERE = Path(__file__).resolve().parent
SERIES = {
    "site": ("site.yml, nothing to do", "#1f6fb4"),
    "engine": ("engine, swarm, networks alone", "#4aa564"),
    "floor": ("ansible all -m ping", "#777777"),
}


def main() -> None:
    """Draw."""
    results = json.loads((HERE / "results.json").read_text())
    sizes = sorted(results["sizes"], key=int)
    figure, axes = pyplot.subplots(figsize=(6.4, 3.6))
    numbers = [int(size) for size in sizes]
    for key, (label, color) in SERIES.items():
        axes.plot(numbers, [results["sizes"][size][key]["wall"] for size in sizes], "o-", label=label, color=color)
    baseline = results["sizes"][sizes[0]].get("baseline")
    if baseline:
        axes.plot(numbers[:1], [baseline["wall"]], "D", color="#c0504d", label="written by hand, engine to networks")
    axes.set(xlabel="machines", ylabel="seconds", xticks=numbers, xlim=(0, max(numbers) + 1))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(HERE / "plot.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
