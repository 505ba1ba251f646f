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
        print(information())
        return 0
    from ._demo import run

    return run(options.epochs, options.out, options.threads, options.seed)


def information() -> str:
    """What `fastnn info` prints."""
    machine = _core.machine_info()
    lines = [f"fastnn {_core.version()} on Python {sys.version.split()[0]}", "", "instruction sets"]
    for level in _core.levels():
        state = "active" if level["active"] else "available" if level["available"] else "not available"
        reason = f": {level['reason']}" if level["reason"] else ""
        lines.append(f"  {level['name']:<10} {state}{reason}")
    lines.append(f"  FASTNN_ISA {os.environ.get('FASTNN_ISA', 'not set')}")
    lines += ["", f"threads      {_core.get_num_threads()}"]
    lines += [f"{name.replace('_', ' '):<12} {_amount(name, value)}" for name, value in machine.items()]
    lines.append(f"plug-ins     {', '.join(_core.plugins()) or 'none'}")
    lines.append(f"devices      {', '.join(_core.devices())}")
    lines += ["", "packages"]
    for name in ("numpy", "safetensors", "tqdm", *_OPTIONAL):
        lines.append(f"  {name:<12} {_version_of(name)}")
    return "\n".join(lines)


def _amount(name: str, value: float) -> str:
    """A number of the machine in words; 0 means that there is no limit."""
    if "bytes" in name or "memory" in name:
        return f"{value / 2**30:.1f} GiB" if value else "no limit"
    return f"{value:g}" if value else "no limit"


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
