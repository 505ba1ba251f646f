"""The structs of the C ABI as programs that were built with these headers know them.

Those that begin with their size may grow at the end. Any other change, of these or of structs without a size, is a new
FASTNN_ABI_VERSION and a new table here: a plug-in of the old version is then refused when it is loaded.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import fastnn

INCLUDE = Path(__file__).parents[1] / "csrc" / "include"
VERSION = 2
LAYOUTS = {  # bytes, then the offset of each field
    "fastnn_dtype": "4 code:0 bits:1 lanes:2",
    "fastnn_device": "8 type:0 index:4",
    "fastnn_tensor": (
        "192 struct_size:0 data:8 byte_offset:16 dtype:24 device:28 rank:36 flags:40 shape:48 strides:112 "
        "storage:176 identity:184"
    ),
    "fastnn_allocator": "32 struct_size:0 allocate:8 release:16 self:24",
    "fastnn_context": (
        "72 struct_size:0 device:8 stream:16 parallel_for:24 executor:32 allocator:40 precision:48 "
        "batch_invariant:52 recorder:56 convolution:64"
    ),
    "fastnn_argument_schema": "40 name:0 shape:8 role:16 layout:20 optional:24 variadic:28 accumulate:32 rows:36",
    "fastnn_attribute_schema": "32 name:0 kind:8 count:12 slot:16 runtime:20 choices:24",
    "fastnn_schema": (
        "80 struct_size:0 name:8 version:16 is_view:20 input_count:24 output_count:28 attribute_count:32 "
        "slot_count:36 inputs:40 outputs:48 attributes:56 defaults:64 elementwise:72"
    ),
    "fastnn_scalar": "24 struct_size:0 value:8 identity:16",
    "fastnn_call": (
        "112 struct_size:0 context:8 inputs:16 outputs:24 input_count:32 output_count:40 attributes:48 "
        "scalars:56 accumulate:64 workspace:72 workspace_size:80 user_data:88 first:96 prepared:104"
    ),
    "fastnn_preparation": "96 struct_size:0 inputs:8 bytes:16 form:24 lasting:88",
    "fastnn_level_info": "32 struct_size:0 name:8 available:16 active:20 reason:24",
    "fastnn_machine_info": "40 struct_size:0 affinity_cpus:8 cgroup_cpus:16 memory_bytes:24 cgroup_memory_bytes:32",
    "fastnn_batches": (
        "96 struct_size:0 arguments:8 argument_count:16 results:24 result_count:32 order:40 order_count:48 "
        "first:56 steps:64 nanoseconds:72 times:80 time_count:88"
    ),
    "fastnn_program_info": (
        "96 struct_size:0 batch:8 nodes:16 results:24 arena_bytes:32 value_bytes:40 moved_bytes:48 "
        "unfused_bytes:56 arguments:64 flops:72 kept_bytes:80 eager_bytes:88"
    ),
    "fastnn_device_interface": (
        "64 struct_size:0 name:8 type:16 count:20 allocate:24 release:32 copy_from_host:40 copy_to_host:48 self:56"
    ),
    "fastnn_implementation": "48 struct_size:0 infer:8 run:16 user_data:24 describe:32 prepare:40",
}
SIZED = "struct_size:0"


def fields_of(body: str) -> list[str]:
    body = re.sub(r"union \{.*?\}", "union", body, flags=re.DOTALL)
    declarations = [re.sub(r"\)\(.*$", "", line.strip(), flags=re.DOTALL) for line in body.split(";") if line.strip()]
    return [re.findall(r"\w+", re.sub(r"\[\w+\]$", "", declaration))[-1] for declaration in declarations]


def structs() -> dict[str, list[str]]:
    """The fields of every struct in the headers that are written by hand."""
    found = {}
    for header in ("fastnn", "program", "plugin"):
        text = re.sub(r"/\*.*?\*/", "", (INCLUDE / "fastnn" / f"{header}.h").read_text(), flags=re.DOTALL)
        for body, name in re.findall(r"typedef struct \w+ \{(.*?)\n\} (\w+);", text, flags=re.DOTALL):
            found[name] = fields_of(body)
    return found


def test_structs_lie_as_they_did(tmp_path: Path) -> None:
    parts = [
        f'printf("{name} %zu", sizeof({name}));'
        + "".join(f'printf(" {field}:%zu", offsetof({name}, {field}));' for field in fields)
        + 'printf("\\n");'
        for name, fields in structs().items()
    ]
    source, program = tmp_path / "layout.c", tmp_path / "layout"
    headers = "".join(f"#include <{name}.h>\n" for name in ("fastnn/plugin", "fastnn/program", "stdio"))
    source.write_text(headers + "int main(void) {\n" + "\n".join(parts) + "\n}\n")
    subprocess.run(["cc", "-std=c11", f"-I{INCLUDE}", source, "-o", program], check=True)
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    now = dict(line.split(" ", 1) for line in said.splitlines())
    assert fastnn._core.abi_version() == VERSION
    assert now.keys() >= LAYOUTS.keys()
    for name, layout in LAYOUTS.items():
        size, fields = layout.split(" ", 1)
        if SIZED in layout:
            assert int(now[name].split()[0]) >= int(size), name
            assert now[name].split(" ", 1)[1].startswith(fields), name
        else:
            assert now[name] == layout, name


def test_a_plugin_of_another_version_is_refused() -> None:
    """What grows without a size is handed to plug-ins as arrays: they are told the version before anything else."""
    assert {name for name, fields in structs().items() if fields[0] != "struct_size"} == {
        "fastnn_dtype",
        "fastnn_device",
        "fastnn_argument_schema",
        "fastnn_attribute_schema",
    }
    source = (Path(__file__).parent / "guard_device" / "guard.cpp").read_text()
    assert "if (abi_version != FASTNN_ABI_VERSION) return fastnn_set_error(FASTNN_UNAVAILABLE" in source
