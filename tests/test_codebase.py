"""The house holds: who includes and imports whom, what the library exports, what files compiled for an ISA may contain,
generated files, the version, and the weight of the package.
"""

from __future__ import annotations

import ast
import ctypes
import importlib
import importlib.metadata
import io
import json
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastnn
from fastnn import _core

ROOT = Path(__file__).parent.parent
CSRC = ROOT / "csrc"
PACKAGE = ROOT / "fastnn"
LIBRARY = Path(fastnn.get_include()).parent / "lib" / "libfastnn.so"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


# ---- who includes whom -----------------------------------------------------------------------------------------------

# Folder of csrc -> what a quoted or qualified #include there may begin with. Headers of the system are free, except in
# the places listed in SYSTEM.
MAY_INCLUDE = {
    "include/fastnn": ("fastnn.h", "ops.h"),
    "core": ("core/", "fastnn/"),
    "kernels": ("kernels/kernels.h", "core/errors.h", "core/machine.h"),
    "kernels/reference": ("kernels/kernels.h", "kernels/reference/"),
    "kernels/cpu": ("kernels/kernels.h", "kernels/cpu/"),
    "ops": ("ops/", "core/", "fastnn/", "kernels/kernels.h"),
    "program": ("program/", "ops/", "core/", "fastnn/"),
    "bindings": ("bindings/", "fastnn/", "pybind11/"),
}
SYSTEM = {
    "include/fastnn": {"stddef.h", "stdint.h"},
    "kernels/cpu": {"cstddef", "cstdint", "immintrin.h", "arm_neon.h"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]', re.MULTILINE)


def sources() -> list[Path]:
    return sorted(path for path in CSRC.rglob("*") if path.suffix in {".cpp", ".h", ".inl", ".inc"})


@pytest.mark.parametrize("folder", MAY_INCLUDE)
def test_includes_go_one_way(folder: str) -> None:
    files = [path for path in sources() if path.parent == CSRC / folder]
    assert files, f"csrc/{folder} is empty"
    wrong = []
    for path in files:
        for bracket, header in INCLUDE.findall(path.read_text()):
            system = bracket == "<" and "/" not in header
            allowed = header in SYSTEM.get(folder, {header}) if system else header.startswith(MAY_INCLUDE[folder])
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_every_folder_has_a_rule() -> None:
    assert {str(path.parent.relative_to(CSRC)) for path in sources()} <= set(MAY_INCLUDE)


def test_intrinsics_stay_below_the_kernels() -> None:
    """The .inl files are compiled for other architectures too."""
    may = {CSRC / "kernels/cpu" / name for name in ("vec_x86.h", "vec_neon.h", "vec_math.h")}
    intrinsic = re.compile(r"immintrin\.h|arm_neon\.h|\b_mm\d*_|\b__m\d+|\bv\w+q?_[fsu]\d\d\(")
    assert not [str(path) for path in sources() if path not in may and intrinsic.search(path.read_text())]


def test_public_headers_read_no_build_macros() -> None:
    """What a program sees must not depend on how fastnn was built."""
    for path in (CSRC / "include/fastnn").glob("*.h"):
        conditions = re.findall(r"^\s*#\s*(?:if|ifdef|ifndef|elif)\b\s*(.+)", path.read_text(), re.MULTILINE)
        guard = f"FASTNN_{path.stem.upper()}_H"
        assert set(conditions) <= {guard, "__cplusplus", "defined(__GNUC__)"}, path


# ---- who imports whom ------------------------------------------------------------------------------------------------

# Modules of the package -> the modules of the package that they may import at run time.
MAY_IMPORT = {
    "_kernel_call": {"_core"},
    "kernels": {"_kernel_call"},
    "grad_mode": set(),
    "tensor": {"_core", "grad_mode"},
    "walk": {"grad_mode", "guard", "tensor"},
    "functional": {"_core", "tensor", "walk"},
    "autograd": {"functional", "grad_mode", "tensor", "walk"},
    "creation": {"_core", "functional", "program", "random", "tensor"},
}
# The extension is reached through tensor, functional and kernels; models record and replay programs with it.
MAY_NOT_IMPORT = {
    "layers": {"_core", "models"},
    "activations": {"_core", "layers", "models"},
    "initializers": {"_core", "functional", "layers", "models"},
    "losses": {"_core", "layers", "models"},
    "regularizers": {"_core", "layers", "models"},
    "constraints": {"_core", "layers", "models"},
    "metrics": {"layers", "models"},
    "optimizers": {"layers", "models"},
    "random": {"functional", "layers", "models", "tensor"},
    "datasets": {"_core", "functional", "layers", "models", "tensor"},
}


def imports_at_run_time(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements outside `if TYPE_CHECKING:`."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting.extend(node.orelse)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        else:
            waiting.extend(ast.iter_child_nodes(node))


def imported_modules(path: Path) -> set[str]:
    """Names below fastnn that a file imports: 'tensor' for `from .tensor import Tensor` and `from . import tensor`."""
    folder = list(path.parent.relative_to(PACKAGE).parts)
    found = set()
    for node in imports_at_run_time(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("fastnn.") for alias in node.names if alias.name.startswith("fastnn.")}
        elif node.level:
            base = folder[: len(folder) - (node.level - 1)]
            target = base + (node.module.split(".") if node.module else [])
            found |= {target[0]} if target else {alias.name for alias in node.names}
    return found


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def test_imports_go_one_way() -> None:
    wrong = []
    for path in modules():
        module = path.relative_to(PACKAGE).with_suffix("").parts[0]
        imported = imported_modules(path) - {module}
        refused = (
            imported - MAY_IMPORT[module] if module in MAY_IMPORT else imported & MAY_NOT_IMPORT.get(module, set())
        )
        wrong += [f"{path.relative_to(ROOT)} imports {name}" for name in sorted(refused)]
    assert not wrong, "\n".join(wrong)


def test_locks_of_modules_are_those_that_forks_wait_for() -> None:
    """Another one may be held by a thread that is not there in the child."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        and re.search(r"\b(Lock|RLock|Condition|Semaphore)\(\)$", ast.unparse(node.value))
    ]
    assert not wrong, "\n".join(wrong)


def test_what_layers_share_knows_no_single_layer() -> None:
    """`layers/base` lies below the layers' own files."""
    single = {path.stem for path in (PACKAGE / "layers").glob("*.py")}
    for path in (PACKAGE / "layers" / "base").glob("*.py"):
        for node in imports_at_run_time(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                names = {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
                assert not names & single, f"{path.relative_to(ROOT)} imports {names}"


# Lines of a layer's file with its docstrings, and the files that may be longer.
LAYER_LINES = 160
LONGER_LAYERS = {"recurrent_cell.py": "the base of three cells: weights, one step, and the op over whole sequences"}


def test_layer_files_are_small() -> None:
    """What isn't a layer's business lies in `layers/base`, once."""
    folder = PACKAGE / "layers"
    files = [*folder.glob("[!_]*.py"), *(folder / "preprocessing").glob("[!_]*.py")]
    long = {path.name for path in files if len(path.read_text().splitlines()) > LAYER_LINES}
    assert long == set(LONGER_LAYERS)


def test_optional_packages_are_imported_inside_functions() -> None:
    core = {"numpy", "safetensors", "tqdm", "fastnn", "__future__", *sys.stdlib_module_names}
    for path in modules():
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(str(node.module))
            assert {name.split(".")[0] for name in names} <= core, path


def test_every_file_opens_with_its_charter() -> None:
    for path in modules():
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path.relative_to(ROOT)} has no docstring"
    for path in sources():
        assert path.read_text().startswith(("//", "/*")), f"{path.relative_to(ROOT)} doesn't open with a comment"


# ---- generated files -------------------------------------------------------------------------------------------------


def test_generated_files_are_fresh() -> None:
    run(sys.executable, CSRC / "ops" / "generate.py", "--check")


def names_in(body: list[ast.stmt]) -> set[str]:
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def public(names: list[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def test_stub_names_what_the_extension_has() -> None:
    stub = ast.parse((PACKAGE / "_core.pyi").read_text())
    # capitals in assignments are aliases for types, which only the stub has
    aliases = {node.targets[0].id for node in stub.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    assert public(sorted(names_in(stub.body) - aliases)) == public(dir(_core)) - aliases
    for node in stub.body:
        if isinstance(node, ast.ClassDef) and hasattr(_core, node.name):
            members = public(list(vars(getattr(_core, node.name))))
            assert public(sorted(names_in(node.body))) == members, node.name


# ---- the library -----------------------------------------------------------------------------------------------------


def test_library_exports_the_c_abi_and_nothing_else() -> None:
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", LIBRARY).splitlines()}
    declared = set()
    for path in Path(fastnn.get_include(), "fastnn").glob("*.h"):
        declared |= set(re.findall(r"FASTNN_API[\w\s*]*?\b(fastnn_\w+)\s*\(", path.read_text()))
    assert exported == declared


def test_extension_needs_the_library_beside_it() -> None:
    dynamic = run("readelf", "-d", _core.__file__)
    assert "[libfastnn.so]" in dynamic
    assert "[$ORIGIN/lib]" in dynamic
    assert "libgomp" not in dynamic + run("readelf", "-d", LIBRARY)


# A build whose compiler knows no AMX has no such object, and what emulates it is in no wheel.
LEVELS = [
    level["name"]
    for level in _core.levels()
    if level["name"] not in ("reference", "amx_emulated") and not level["reason"].startswith("this build")
]
# Another level's table is where a level's own begins; the compiler may call the functions for memory.
MAY_NEED = re.compile(r"mem(cpy|move|set)|_GLOBAL_OFFSET_TABLE_|_ZN6fastnn7kernels.*table.*")


@pytest.mark.parametrize("level", sorted(set(LEVELS)))
def test_isa_object_is_safe_on_every_cpu(level: str, tmp_path: Path) -> None:
    """One strong symbol, no weak one, nothing that runs at load, and no wider registers than the level has."""
    run("cmake", "-S", ROOT, "-B", tmp_path, "-G", "Ninja", "-DFASTNN_PYTHON=OFF", "-DCMAKE_BUILD_TYPE=Release")
    commands = json.loads((tmp_path / "compile_commands.json").read_text())
    (command,) = (entry["command"] for entry in commands if f"/fastnn_isa_{level}.dir/" in entry["output"])
    words = shlex.split(command)
    target = tmp_path / "isa.o"
    words[words.index("-o") + 1] = str(target)
    run(*words, cwd=tmp_path)

    symbols = [line.split() for line in run("nm", target).splitlines()]
    kinds: dict[str, list[str]] = {}
    for symbol in symbols:
        kinds.setdefault(symbol[-2], []).append(symbol[-1])
    weak = [name for kind in "wWvVu" for name in kinds.get(kind, [])]
    assert not weak
    strong = [name for kind, names in kinds.items() if kind.isupper() and kind != "U" for name in names]
    assert len(strong) == 1, strong
    needs = [name for name in kinds.get("U", []) if not MAY_NEED.fullmatch(name)]
    assert not needs

    assert ".init_array" not in run("objdump", "-h", target)
    code = run("objdump", "-d", "--no-show-raw-insn", target)
    assert "zmm" not in code or level.startswith(("avx512", "amx"))
    assert "ymm" not in code or level != "base"
    assert ("tdpbf16ps" in code) == ("tmm" in code) == (level == "amx")


# ---- version, weight, manners ----------------------------------------------------------------------------------------


def test_one_version() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    library = ctypes.CDLL(str(LIBRARY))
    library.fastnn_version.restype = ctypes.c_char_p
    assert version == fastnn.__version__ == library.fastnn_version().decode()
    assert version == importlib.metadata.version("fastnn-core")


def test_core_dependencies() -> None:
    required = importlib.metadata.requires("fastnn-core") or []
    core = {re.split(r"[ <>=!~;\[(]", item)[0] for item in required if "extra ==" not in item}
    assert core == {"numpy", "safetensors", "tqdm"}


def test_installed_files_are_small() -> None:
    """The files of the wheel, packed as a wheel is, stay below 3 MB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in importlib.metadata.files("fastnn-core") or []:
            if file.suffix != ".pyc":
                archive.write(str(file.locate()), str(file))
    assert packed.tell() < 3_000_000
