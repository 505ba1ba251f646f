"""The largest error of elementary functions over every float32, in units of the last place.

    python -m benchmarks.accuracy tanh sigmoid

Run it from the root of the checkout, with fastnn installed. The reference is NumPy's in float64; functions and limits
are those of tests/test_accuracy.py, which looks at some numbers of every exponent. A function takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
CHUNK = 1 << 22


def main() -> None:
    # the checkout's folder fastnn/ holds no engine: the installed package goes first
    sys.path.sort(key=lambda entry: Path(entry or ".").resolve() == ROOT)
    sys.path.insert(0, str(ROOT / "tests"))
    from op_calls import each_level
    from test_accuracy import FUNCTIONS, largest_error

    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"default: exp log sigmoid tanh; of {', '.join(FUNCTIONS)}")
    parser.add_argument("--level", action="append", help="kernel level, default: all of this machine")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="look at every Nth number only")
    options = parser.parse_args()
    names = options.names or ["exp", "log", "sigmoid", "tanh"]
    if unknown := set(names) - set(FUNCTIONS):
        parser.error(f"expected some of {', '.join(FUNCTIONS)}, got {', '.join(sorted(unknown))}")
    missed = False
    for name in names:
        kernel, function, limit = FUNCTIONS[name]
        worst: dict[str, tuple[float, np.float32]] = {}
        for first in range(0, 1 << 32, CHUNK * options.every):
            last = min(first + CHUNK * options.every, 1 << 32)
            x = np.arange(first, last, options.every, dtype=np.uint64).astype(np.uint32).view(np.float32)
            x = x[np.isfinite(x) & (x >= 0 if name in ("log", "sqrt") else True)]
            if x.size == 0:
                continue
            with np.errstate(all="ignore"):
                want = function(x.astype(np.float64))
            for level, _, _ in each_level(names=options.level):
                error, at = largest_error(kernel(x), want, 0.0)
                worst[level] = max(worst.get(level, (0.0, x[0])), (error, x[at]), key=lambda found: found[0])
        for level, (error, number) in worst.items():
            print(f"{name:14} {level:10} {error:.2f} ulp at {number!r}, at most {limit}", flush=True)
            missed = missed or error > limit
    sys.exit(missed)


if __name__ == "__main__":
    main()
