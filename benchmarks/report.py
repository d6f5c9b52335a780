"""The tables of benchmarks/README.md, from the results of benchmarks/run.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parent / "README.md"
MARK = "<!-- results: what follows is written by benchmarks/run.py -->\n"


def write(results: dict[str, Any]) -> None:
    """Put the tables in the place of the old ones."""
    head = README.read_text().split(MARK)[0]
    README.write_text(head + MARK + "\n" + tables(results))


def tables(results: dict[str, Any]) -> str:
    """All tables as one text."""
    head = f"{results['date']}: {results['ansible']}, Python {results['python']}, {results['cores']} cores\n"
    plot = "![Seconds over machines](plot.svg)\n"
    parts = [head, plot, _nothing_to_do(results["sizes"]), _first_runs(results["sizes"]), _stages(results["sizes"])]
    return "\n".join([*parts, _plan(results["plan"])])


def _nothing_to_do(sizes: dict[str, Any]) -> str:
    lines = [
        "### Nothing to do: medians, and in brackets the range\n",
        "| machines | what | wall | times the floor | controller CPU | executed tasks | wall per machine | stolen |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    names = {
        "floor": "`ansible all -m ping`", "site": "site.yml", "engine": "engine, swarm, networks alone",
        "baseline": "the same by hand (baseline.yml)",
    }  # fmt: skip
    for size, found in sizes.items():
        for key, name in names.items():
            if key in found:
                item = found[key]
                lines.append(
                    f"| {size} | {name} | {item['wall']:.2f} s ({item['low']:.2f} to {item['high']:.2f}) "
                    f"| {item['wall'] / found['floor']['wall']:.1f} | {item['cpu']:.2f} s | {item['tasks'] or ''} "
                    f"| {item['wall'] / int(size):.2f} s | {item['stolen']:.0%} |"
                )
    return "\n".join(lines) + "\n"


def _first_runs(sizes: dict[str, Any]) -> str:
    lines = ["### First runs\n", "| what | wall |", "| --- | --- |"]
    for size, found in sizes.items():
        if "first_engine" in found:
            ours, theirs = found["first_engine"]["wall"], found["first_baseline"]["wall"]
            lines += [
                f"| Engine, swarm and network on {size} bare machines, by hand (baseline.yml) | {theirs:.1f} s |",
                f"| the same with the collection (engine.yml) | {ours:.1f} s, {ours / theirs:.2f} of it |",
            ]
        if "first_site" in found:
            lines.append(f"| site.yml on {size} bare machines | {found['first_site']['wall']:.1f} s |")
        if "one_more" in found:
            lines.append(f"| site.yml after adding one machine to {size} | {found['one_more']['wall']:.1f} s |")
    return "\n".join(lines) + "\n"


def _stages(sizes: dict[str, Any]) -> str:
    first = next(iter(sizes))
    keys = [key for key in ("first_site", "first_engine") if key in sizes[first]]
    titles = {"first_site": "site.yml", "first_engine": "engine.yml"}
    names = sorted(
        {name for key in keys for name in sizes[first][key]["stages"]},
        key=lambda name: -sizes[first][keys[0]]["stages"].get(name, 0),
    )
    lines = [
        f"### First run on {first} bare machines by stage\n",
        "| stage | " + " | ".join(titles[key] for key in keys) + " |", "| --- |" + " --- |" * len(keys),
    ]  # fmt: skip
    for name in names:
        cells = [sizes[first][key]["stages"].get(name) for key in keys]
        lines.append(f"| {name} | " + " | ".join("" if cell is None else f"{cell:.1f} s" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _plan(plans: list[dict[str, Any]]) -> str:
    lines = [
        "### The plan by simulation\n",
        "| hosts | state | time | peak memory of the process |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {item['hosts']} | {item['state']} | {item['seconds']:.2f} s | {item['peak_mib']} MiB |" for item in plans
    ]
    return "\n".join(lines) + "\n"
