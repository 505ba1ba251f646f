"""Checks that the gate (.ci/run) leaves out (.ci/nightly runs most of them), and shortcuts for daily work.

``nox -l`` lists them. The gate itself is ``bash .ci/run``.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "venv"

PROJECT = nox.project.load_toml("pyproject.toml")


def group(session: nox.Session, name: str) -> None:
    session.install(*nox.project.dependency_groups(PROJECT, name))


@nox.session
def tests(session: nox.Session) -> None:
    """The suite; arguments go to pytest."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def oracle(session: nox.Session) -> None:
    """The tests that compare with PyTorch."""
    session.install(".[test]")
    group(session, "oracle")
    session.run("pytest", "-m", "oracle", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Format and check everything; mypy needs the package's own dependencies."""
    session.install(*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["plot"])
    group(session, "lint")
    session.run("python", "csrc/ops/generate.py")
    session.run("ruff", "check", "--fix", ".")
    session.run("ruff", "format", ".")
    session.run("mypy")
    patterns = ("*.c", "*.cpp", "*.h", "*.hpp", "*.inl")
    sources = session.run("git", "ls-files", "-co", "--exclude-standard", *patterns, external=True, silent=True)
    session.run("clang-format", "-i", *str(sources).split())


@nox.session
def tidy(session: nox.Session) -> None:
    """clang-tidy over the engine."""
    group(session, "tidy")
    session.run("cmake", "--preset", "tidy", "--fresh")
    session.run("cmake", "--build", "--preset", "tidy", "-j2")


def compiler_file(name: str) -> Path:
    """Where the compiler keeps one of its libraries."""
    found = subprocess.run(["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()).resolve()


def sanitized(session: nox.Session, sanitizers: str, library: str, options: dict[str, str]) -> None:
    """Install a sanitized build and run the tests of ops, programs, threads and processes under it.

    The sanitizer's library has to be loaded before the interpreter, and libstdc++ with it: else the first C++ exception
    ends the process.
    """
    session.install(
        ".[test]",
        f"-Cbuild-dir=build/{session.name}-wheel",
        "-Ccmake.build-type=Debug",
        f"-Ccmake.define.FASTNN_SANITIZE={sanitizers}",
        "-Ccmake.define.CMAKE_CXX_FLAGS=-O1 -D_GLIBCXX_ASSERTIONS",
        "-Cinstall.strip=false",
    )
    preload = f"{compiler_file(library)}:{compiler_file('libstdc++.so.6')}"
    names = [
        "ops",
        "op_errors",
        "kernels_door",
        "convolution_algorithms",
        "epilogues",
        "prepared_weights",
        "programs",
        "program_bits",
        "fusion",
        "graph_text",
        "abstract",
        "inplace",
        "indexing",
        "sparse_gradients",
        "attention",
        "recurrent",
        "streaming",
        "autograd",
        "c_abi",
        "threads",
        "processes",
    ]
    chosen = session.posargs or [f"tests/test_{name}.py" for name in names]
    # sanitized code is several times slower
    arguments = ["-n", "0", "--timeout", "1200", *chosen]
    # it preloads a library of its own
    arguments += ["--deselect", "tests/test_programs.py::test_replay_allocates_nothing_and_leaves_the_gil_alone"]
    session.run("env", f"LD_PRELOAD={preload}", "python", "-m", "pytest", *arguments, env=options, external=True)


@nox.session
def asan(session: nox.Session) -> None:
    """Ops, programs, in-place writes, threads and processes under the address and undefined-behaviour sanitizers."""
    sanitized(
        session,
        "address,undefined",
        "libasan.so",
        {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1", "PYTHONSAFEPATH": "1"},
    )


@nox.session
def tsan(session: nox.Session) -> None:
    """Ops, programs, in-place writes, threads and processes under the thread sanitizer."""
    # without die_after_fork=0 the sanitizer ends every child of fork that starts threads, as fastnn's do
    options = {"TSAN_OPTIONS": "halt_on_error=1:die_after_fork=0", "PYTHONSAFEPATH": "1"}
    sanitized(session, "thread", "libtsan.so", options)


@nox.session
def neon(session: nox.Session) -> None:
    """The op list on aarch64: cases exported by Python here, the engine cross-compiled and run under qemu-user."""
    for program, package in (("aarch64-linux-gnu-g++", "g++-aarch64-linux-gnu"), ("qemu-aarch64", "qemu-user")):
        if shutil.which(program) is None:
            session.error(f"neon needs {program}; on Debian: apt-get install {package}")
    session.install(".[test]")
    cases = Path(session.create_tmp()).resolve() / "op_cases.bin"
    session.run("python", "tests/op_list/export_cases.py", cases, env={"PYTHONSAFEPATH": "1"})
    session.run("cmake", "--preset", "neon")
    session.run("cmake", "--build", "--preset", "neon", "-j2")
    driver = "build/neon/tests/op_list/op_list"
    session.run("qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", driver, cases, external=True)


@nox.session
def faults(session: nox.Session) -> None:
    """Every allocation of forward, a program, predict, fit, save and load failing once; the suite takes each 17th."""
    session.install(".[test]")
    session.run("pytest", "tests/test_faults.py", env={"FASTNN_EVERY_FAULT": "1"})


@nox.session
def random(session: nox.Session) -> None:
    """3000 random models and damaged texts of graphs, other ones every night."""
    session.install(".[test]")
    session.run(
        "pytest",
        "tests/test_program_bits.py",
        "tests/test_graph_text.py",
        "-k",
        "random_models or no_damage",
        "--hypothesis-profile=nightly",
        "--timeout=0",
    )


@nox.session
def fashion(session: nox.Session) -> None:
    """The image tutorials against Keras, with Fashion-MNIST from Debian's package instead of digits."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            session.error(f"fashion needs {program}, which downloads Debian's package dataset-fashion-mnist")
    session.install(".[test]")
    group(session, "keras")
    folder = Path(session.create_tmp()).resolve()
    with session.chdir(folder):
        session.run("apt-get", "download", "dataset-fashion-mnist", external=True)
    session.run("dpkg-deb", "-x", *map(str, folder.glob("dataset-fashion-mnist_*.deb")), str(folder), external=True)
    images = folder / "usr" / "share" / "datasets" / "fashion-mnist"
    arguments = ["-m", "keras or not keras", "--timeout", "600", *session.posargs]
    session.run("pytest", "tests/test_tutorial_images.py", *arguments, env={"FASTNN_TEST_FASHION_MNIST": str(images)})


@nox.session
def bench(session: nox.Session) -> None:
    """Whole training steps and kernels beside other libraries; arguments go to benchmarks.run."""
    session.install(".")
    group(session, "peers")
    session.run("python", "-m", "benchmarks.run", *session.posargs)


@nox.session
def tiles(session: nox.Session) -> None:
    """Ops, programs and streams with products on an emulated matrix unit, for CPUs without AMX."""
    session.install(".[test]", f"-Cbuild-dir=build/{session.name}-wheel", "-Ccmake.define.FASTNN_AMX_EMULATED=ON")
    names = [
        "tiles",
        "ops",
        "op_properties",
        "recurrent",
        "precision",
        "accuracy_classes",
        "prepared_weights",
        "programs",
        "program_bits",
        "streaming",
        "fusion",
    ]
    chosen = session.posargs or [f"tests/test_{name}.py" for name in names]
    session.run("pytest", "--timeout", "1200", *chosen)


@nox.session
def stubs(session: nox.Session) -> None:
    """Print the extension's stub as pybind11 describes it, to compare with fastnn/_core.pyi."""
    session.install(".", "pybind11-stubgen==3.0.0")
    session.run("pybind11-stubgen", "fastnn._core", "-o", session.create_tmp())
    print((Path(session.create_tmp()) / "fastnn" / "_core.pyi").read_text())
