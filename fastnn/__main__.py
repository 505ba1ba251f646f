"""The command `fastnn`: `demo` trains a network on handwritten digits, `info` tells what is found on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import metadata

from . import _core

__all__ = ["main"]

_OPTIONAL = ("matplotlib", "torch", "mlxtend")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the result is its exit status."""
    parser = argparse.ArgumentParser(prog="fastnn", description="Neural networks, fast on ordinary CPUs.")
    parser.add_argument("--version", action="version", version=f"fastnn {_core.version()}")
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="train a network on handwritten digits and write a report")
    demo.add_argument("--epochs", type=int, default=None, help="passes over the data (default: enough for 97 %%)")
    demo.add_argument("--out", default="fastnn-demo", help="folder for the model and the report (default: fastnn-demo)")
    demo.add_argument("--threads", type=int, default=None, help="threads to compute with (default: all usable)")
    demo.add_argument("--seed", type=int, default=0, help="seed of all random numbers (default: 0)")
    commands.add_parser("info", help="print version, instruction sets, threads, memory, plug-ins and packages")
    options = parser.parse_args(arguments)
    if options.command == "info":
        try:
            print(information(), flush=True)
        except BrokenPipeError:  # the reader has seen enough; Python's own last flush must not complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    from ._demo import run

    return run(options.epochs, options.out, options.threads, options.seed)


def information() -> str:
    """What `fastnn info` prints."""
    machine = _core.machine_info()
    forced = os.environ.get("FASTNN_ISA")
    lines = [f"fastnn {_core.version()} on Python {sys.version.split()[0]}", "", "instruction sets"]
    for level in _core.levels():
        state = "available" if level["available"] else "not available"
        if level["reason"]:
            state += f": {level['reason']}"
        if level["active"]:
            state = "active: FASTNN_ISA asks for it" if forced else "active: the best that this CPU has"
        lines.append(f"  {level['name']:<12} {state}")
    packages = {name: _version_of(name) for name in ("numpy", "safetensors", "tqdm", *_OPTIONAL)}
    facts = {
        "FASTNN_ISA": _forced_level(forced),
        "bfloat16": _bfloat16(),
        "threads": _threads(),
        "affinity": f"{machine['affinity_cpus']:g} CPUs",
        "quota": f"{machine['cgroup_cpus']:g} CPUs" if machine["cgroup_cpus"] else "none",
        "memory": _gibibytes(machine["memory_bytes"]),
        "memory limit": _gibibytes(machine["cgroup_memory_bytes"]) if machine["cgroup_memory_bytes"] else "none",
        "plug-ins": ", ".join(_core.plugins()) or "none",
        "devices": ", ".join(_core.devices()),
    }
    lines += ["", *(f"{name:<14} {value}" for name, value in facts.items()), "", "packages"]
    lines += [f"  {name:<12} {version}" for name, version in packages.items()]
    return "\n".join(lines)


def _forced_level(forced: str | None) -> str:
    """FASTNN_ISA, or what is wrong with it."""
    if not forced:
        return "not set"
    try:
        _core.active_isa()
    except RuntimeError as error:
        return str(error).removeprefix("FASTNN_ISA: ")
    return forced


def _bfloat16() -> str:
    """What multiplies numbers of accuracy class bfloat16."""
    units = {level["name"]: level for level in _core.levels() if level["name"].startswith("amx")}
    for name, level in units.items():
        if level["active"]:
            return f"on the matrix unit of level {name}"
    there = [name for name, level in units.items() if level["available"]]
    return f"as class fast; FASTNN_ISA={there[0]} has a unit" if there else "as class fast: no unit for it here"


def _threads() -> str:
    """The number of threads, or what is wrong with FASTNN_NUM_THREADS."""
    try:
        return str(_core.get_num_threads())
    except ValueError as error:
        return str(error)


def _gibibytes(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
