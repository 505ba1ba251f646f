"""The door for other tools: C and C++ programs without Python, built against the installed package and run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import build_with_cmake

import fastnn

SOURCES = Path(__file__).parent / "consumer"
C_FLAGS = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror"]


def run(command: list[str | Path], **environment: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_headers_and_cmake_package_are_installed() -> None:
    assert Path(fastnn.get_include(), "fastnn", "fastnn.h").is_file()
    assert Path(fastnn.get_cmake_dir(), "fastnnConfig.cmake").is_file()


def test_find_package_builds_and_runs_c_and_cpp(tmp_path: Path) -> None:
    build_with_cmake(SOURCES, tmp_path)
    said = run([tmp_path / "consumer_c"])
    assert "dx agrees" in said
    assert "dw agrees" in said
    assert "refused: conv2d: expected" in said
    assert fastnn.__version__ in run([tmp_path / "consumer_cpp"])
    assert "agree" in run([tmp_path / "processes"])


def test_pkg_config_builds_and_runs_c(tmp_path: Path) -> None:
    """Through pkg-config where it is installed; otherwise the .pc file's few lines are expanded here."""
    folder = Path(fastnn.get_include()).parent / "lib" / "pkgconfig"
    if shutil.which("pkg-config"):
        flags = run(["pkg-config", "--cflags", "--libs", "fastnn"], PKG_CONFIG_PATH=str(folder)).split()
    else:
        variables = {"pcfiledir": str(folder)}
        fields = {}
        for line in (folder / "fastnn.pc").read_text().splitlines():
            for name, value in variables.items():
                line = line.replace(f"${{{name}}}", value)
            if ": " in line:
                fields.update([line.split(": ", 1)])
            elif "=" in line:
                variables.update([line.split("=", 1)])
        flags = f"{fields['Cflags']} {fields['Libs']}".split()
    program = tmp_path / "consumer"
    library_folder = next(flag[2:] for flag in flags if flag.startswith("-L"))
    run(["cc", *C_FLAGS, SOURCES / "consumer.c", "-o", program, *flags, f"-Wl,-rpath,{library_folder}", "-lm"])
    assert "dx agrees" in run([program])


def test_headers_alone_are_c_and_cpp(tmp_path: Path) -> None:
    """Each public header compiles by itself, in C11 and C++20, with warnings as errors."""
    strict = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror", "-fsyntax-only"]
    for header in sorted(Path(fastnn.get_include(), "fastnn").glob("*.h")):
        source = tmp_path / "one.c"
        source.write_text(f"#include <fastnn/{header.name}>\nint main(void) {{ return 0; }}\n")
        include = f"-I{fastnn.get_include()}"
        run(["cc", "-std=c11", *strict, include, source])
        run(["c++", "-std=c++20", "-x", "c++", *strict, include, source])


@pytest.mark.parametrize("level", ["reference", "base"])
def test_isa_can_be_chosen_without_python(tmp_path: Path, level: str) -> None:
    program = tmp_path / "consumer"
    library = Path(fastnn.get_include()).parent / "lib"
    link = [f"-L{library}", "-lfastnn", f"-Wl,-rpath,{library}", "-lm"]
    run(["cc", *C_FLAGS, f"-I{fastnn.get_include()}", SOURCES / "consumer.c", "-o", program, *link])
    assert "dw agrees" in run([program], FASTNN_ISA=level)
