"""What `import fastnn` loads and costs, and that what is read at first use is there for whoever asks first."""

from __future__ import annotations

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "fastnn"


def run(script: str, **environment: str) -> str:
    """What a script prints in a fresh process."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**variables, **environment},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


# ---- what is loaded --------------------------------------------------------------------------------------------------

# Modules of the package that `import fastnn` loads: tensors, the tape, and what makes tensors
LOADED = {
    "_core",
    "_first_use",
    "autograd",
    "creation",
    "functional",
    "grad_mode",
    "guard",
    "precision",
    "program",
    "random",
    "recording",
    "tensor",
    "user_code",
    "walk",
}
# What these may import of other packages. Every one of the standard library's is small, or NumPy needs it, too.
OTHERS = {
    "__future__",
    "atexit",
    "collections",
    "contextlib",
    "functools",
    "importlib",
    "math",
    "numpy",
    "operator",
    "os",
    "re",
    "sys",
    "threading",
    "types",
    "typing",
    "warnings",
    "weakref",
}

LOADS = """
import json, sys
import numpy
before = set(sys.modules)
import fastnn
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded() -> list[str]:
    """The modules that `import fastnn` adds to those of NumPy."""
    names: list[str] = json.loads(run(LOADS))
    return names


def test_import_loads_a_closed_list() -> None:
    names = loaded()
    own = {name.split(".")[1] for name in names if name.startswith("fastnn.")}
    assert own == LOADED
    assert {name.split(".")[0] for name in names} <= {"fastnn", *OTHERS}


def test_what_is_loaded_imports_nothing_heavy() -> None:
    """By the files' own words, because NumPy loads inspect and others today and need not tomorrow."""
    for name in loaded():
        if not name.startswith("fastnn") or name == "fastnn._core":
            continue
        file = sys.modules[name].__file__ if name in sys.modules else None
        assert file is not None, name
        for node in ast.parse(Path(file).read_text()).body:
            words = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                words.append(str(node.module))
            assert {word.split(".")[0] for word in words} <= OTHERS, name


TRAINS = """
import json, sys
import numpy as np, numpy.random
before = set(sys.modules)
import fastnn
from fastnn import layers
model = fastnn.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(),
                           layers.Dropout(0.5), layers.Dense(10, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(np.zeros((32, 8, 8, 1)), np.zeros(32), verbose=0)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
# What only some programs use: other layers and metrics, functions that are recorded, graphs of layers, pictures
RARE = {
    "fastnn.callbacks.tensorboard",
    "fastnn.compiled",
    "fastnn.datasets",
    "fastnn.kernels",
    "fastnn.layers.lstm",
    "fastnn.metrics.auc",
    "fastnn.models.functional",
    "fastnn.optimizers.muon",
    "fastnn.reach",
    "fastnn.summary",
    "fastnn.utils.plotting",
}


def test_training_loads_what_it_uses() -> None:
    names = set(json.loads(run(TRAINS)))
    assert not names & RARE
    assert {name.split(".")[0] for name in names} <= {"fastnn", *OTHERS, "copy", "errno", "mmap", "signal"}


# ---- what it costs ---------------------------------------------------------------------------------------------------

COST = """
import time
start = time.perf_counter()
import numpy
between = time.perf_counter()
import fastnn
print(between - start, time.perf_counter() - between)
"""
SHARE = 0.4


def test_import_costs_less_than_numpys(tmp_path: Path) -> None:
    """The promise is 40 ms beside about 60 of NumPy's; here it is a share, so that the machine's speed falls out.

    It is 0.16 on a quiet machine. The shortest of many counts; on a loaded one more are needed until one was let alone.
    Bytecode lies in a folder of this test's, which the first process fills.
    """
    run(COST, PYTHONPYCACHEPREFIX=str(tmp_path))
    numpy_seconds = fastnn_seconds = float("inf")
    for number in range(60):
        times = [float(word) for word in run(COST, PYTHONPYCACHEPREFIX=str(tmp_path)).split()]
        numpy_seconds, fastnn_seconds = min(numpy_seconds, times[0]), min(fastnn_seconds, times[1])
        if number >= 9 and fastnn_seconds < SHARE * numpy_seconds:
            return
    pytest.fail(f"{fastnn_seconds * 1e3:.0f} ms, NumPy {numpy_seconds * 1e3:.0f} ms")


MANNERS = """
import ctypes, locale, os, platform, signal, sys, threading, warnings
import numpy, safetensors, tqdm

def permitted_registers():
    # arch_prctl(ARCH_GET_XCOMP_PERM): the tiles of AMX have to be asked for
    bits = ctypes.c_uint64()
    if platform.machine() == "x86_64":
        ctypes.CDLL(None).syscall(158, 0x1022, ctypes.byref(bits))
    return bits.value

def state():
    return {
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "errstate": numpy.geterr(),
        "locale": locale.setlocale(locale.LC_ALL),
        "threads": len(os.listdir("/proc/self/task")),
        "rounding": (0.1 + 0.2, 1e16 + 1.0, 5e-324 * 1.0),
        "random": numpy.random.get_state()[1].tolist(),
        "folder": os.getcwd(),
        "registers": permitted_registers(),
    }

before = state()
import fastnn
after = state()
assert after == before, [name for name in before if before[name] != after[name]]
"""


def test_import_changes_nothing_of_the_process() -> None:
    assert run(MANNERS) == ""


# ---- what is read at first use ---------------------------------------------------------------------------------------

PACKAGES = [
    "fastnn",
    "fastnn.callbacks",
    "fastnn.datasets",
    "fastnn.initializers",
    "fastnn.layers",
    "fastnn.layers.base",
    "fastnn.losses",
    "fastnn.metrics",
    "fastnn.models",
    "fastnn.optimizers",
    "fastnn.optimizers.schedules",
    "fastnn.utils",
]


@pytest.mark.parametrize("name", PACKAGES)
def test_tables_say_what_files_have(name: str) -> None:
    """The table of a package names files that have what it says, and type checkers are shown the same names."""
    package = importlib.import_module(name)
    modules = set(getattr(package, "_MODULES", ()))
    for file, names in package._FILES.items():
        assert set(names.split()) <= set(importlib.import_module(f"{name}.{file}").__all__), file
        assert file not in set(package.__all__) - modules, f"{file} is read from its file, and hidden by it"
    tree = ast.parse(Path(str(package.__file__)).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    shown: dict[str | None, set[str]] = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        shown.setdefault(node.module, set()).update(alias.name for alias in node.names)
    table = {file: {"*"} if shown.get(file) == {"*"} else set(names.split()) for file, names in package._FILES.items()}
    assert shown == {**table, **({None: modules} if modules else {})}


@pytest.mark.parametrize("name", PACKAGES)
def test_packages_list_what_they_have(name: str) -> None:
    package = importlib.import_module(name)
    assert set(dir(package)) >= set(package.__all__)
    for item in package.__all__:
        assert getattr(package, item) is not None
    with pytest.raises(AttributeError, match=f"^module '{name}' has no attribute 'nothing'$"):
        _ = package.nothing


EVERY_WAY = """
import fastnn
assert set(dir(fastnn)) >= set(fastnn.__all__)
from fastnn import layers
import fastnn.losses as losses, fastnn.utils
assert layers is fastnn.layers and losses is fastnn.losses and fastnn.utils.Config
assert fastnn.Sequential is fastnn.models.Sequential and fastnn.Input is fastnn.layers.Input
assert fastnn.KerasTensor.__name__ == "SymbolicTensor" and callable(fastnn.compile)
from fastnn import *
assert kernels is fastnn.kernels
assert not set(fastnn.__all__) - set(globals())
"""


def test_every_way_to_a_name() -> None:
    assert run(EVERY_WAY) == ""


PROGRAMS = ("__main__", "_demo_numpy_step")  # not to be imported

EACH_FIRST = """
import importlib, os, pkgutil
import fastnn
failed = []
for module in pkgutil.walk_packages(fastnn.__path__, "fastnn."):
    if module.name.rpartition(".")[2] in PROGRAMS:
        continue
    child = os.fork()
    if not child:
        importlib.import_module(module.name)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(module.name)
assert not failed, failed
"""


def test_every_module_can_be_the_first() -> None:
    run(EACH_FIRST.replace("PROGRAMS", str(PROGRAMS)))


def imported_at_load(path: Path) -> set[str]:
    """Modules of the package that a file's own lines import: not those in functions, nor those for type checkers."""
    name = path.relative_to(PACKAGE).with_suffix("").parts
    folder, found = name[:-1], set()
    waiting: list[ast.stmt] = list(ast.parse(path.read_text()).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif isinstance(node, ast.If | ast.Try | ast.ClassDef):
            waiting += node.body
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = folder[: len(folder) - (node.level - 1)] + tuple(node.module.split(".") if node.module else ())
            for target in (base, *((*base, alias.name) for alias in node.names)):
                found |= {".".join(target[:length]) for length in range(1, len(target) + 1)}
    return found


def test_no_module_waits_for_itself() -> None:
    """A thread that imports a module holds it while it waits for those that the module needs, and for its package.

    Two threads would wait for each other where the file of a package imported what lies in it. That of `functional`
    does, but `import fastnn` has done it.
    """
    needs = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith(("__init__", "functional")):
            needs[name] = imported_at_load(path) - {name} | {name.rpartition(".")[0]}
    while ready := {name for name, wanted in needs.items() if not wanted & needs.keys()}:
        needs = {name: wanted for name, wanted in needs.items() if name not in ready}
    assert not needs


AT_ONCE = """
import importlib, pkgutil, sys, threading
import fastnn
sys.setswitchinterval(1e-5)
modules = [module.name for module in pkgutil.walk_packages(fastnn.__path__, "fastnn.")]
modules = [name for name in modules if name not in sys.modules and name.rpartition(".")[2] not in PROGRAMS]
names = [name for name in fastnn.__all__ if name not in vars(fastnn)] + modules[SHIFT::8]
names = names[SHIFT:] + names[:SHIFT]
together, failed = threading.Barrier(len(names)), []

def use(name):
    together.wait()
    try:
        if name.startswith("fastnn."):  # as pickle does
            importlib.import_module(name)
        elif name == "Sequential":
            fastnn.Sequential([fastnn.layers.Dense(2)]).compile("adam", "mse", metrics=["mae"])
        else:
            getattr(fastnn, name)
    except BaseException as error:
        failed.append((name, repr(error)))

threads = [threading.Thread(target=use, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
"""


@pytest.mark.parametrize("shift", range(8))
def test_threads_use_names_for_the_first_time_at_once(shift: int) -> None:
    run(AT_ONCE.replace("SHIFT", str(shift)).replace("PROGRAMS", str(PROGRAMS)))
