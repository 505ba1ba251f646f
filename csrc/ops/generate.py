"""Makes the C declarations, the engine's op table and the NumPy door from schema.toml.

Run it after every change to schema.toml: ``python csrc/ops/generate.py``. The results are committed, so that a build
needs no Python and a reader sees what the compiler sees; a test compares them with the schema. ``--check`` writes
nothing and fails when a file is stale.
"""

from __future__ import annotations

import re
import struct
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MAX_RANK = 8
MARK = "Made by csrc/ops/generate.py from csrc/ops/schema.toml; change those."

NAME = re.compile(r"(?P<name>[a-z]\w*)(\[(?P<index>[^]]*)\])?")

Op = dict[str, Any]


def slots(attribute: dict[str, Any]) -> int:
    kind = attribute["kind"]
    if kind == "ints":
        return len(attribute["default"])
    return 1 + MAX_RANK if kind == "list" else 1


def default_slots(attribute: dict[str, Any]) -> list[int]:
    """The default as 64-bit integers, doubles by their bits."""
    kind, default = attribute["kind"], attribute["default"]
    if kind == "float":
        return [struct.unpack("<q", struct.pack("<d", default))[0]]
    if kind == "enum":
        return [attribute["choices"].index(default)]
    if kind == "ints":
        return list(default)
    if kind == "list":
        return [len(default), *default, *[0] * (MAX_RANK - len(default))]
    return [int(default)]


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def field(attribute: dict[str, Any]) -> str:
    kind, name = attribute["kind"], attribute["name"]
    if kind == "float":
        return f"double {name};"
    if kind == "ints":
        return f"int64_t {name}[{slots(attribute)}];"
    if kind == "list":
        return f"fastnn_list {name};"
    return f"int64_t {name};"


def initializer(attribute: dict[str, Any]) -> str:
    kind, default = attribute["kind"], attribute["default"]
    if kind == "float":
        return repr(float(default))
    if kind == "enum":
        return str(attribute["choices"].index(default))
    if kind == "ints":
        return "{" + ", ".join(map(str, default)) + "}"
    if kind == "list":
        return "{" + f"{len(default)}, {{{', '.join(map(str, default)) or '0'}}}" + "}"
    return str(int(default))


def c_comment(op: Op) -> list[str]:
    lines = textwrap.wrap(" ".join(op["doc"].split()), 112)
    for what, arguments in (("in ", op["inputs"]), ("out", op["outputs"])):
        for argument in arguments:
            notes = [key for key in ("optional", "variadic") if argument.get(key)]
            if argument.get("role", "read") == "shape":
                notes.append("only its shape is used")
            if argument.get("role") == "update":
                notes.append("updated in place")
            note = f" ({', '.join(notes)})" if notes else ""
            lines.append(f"  {what} {argument['name']}: {argument['shape']}{note}")
    return ["/* " + lines[0], *[" * " + line for line in lines[1:]], " */"]


def c_header(ops: list[Op]) -> str:
    out = [
        f"/* ops.h: one function per op. {MARK}",
        " *",
        " * Attributes may be NULL: the defaults then hold. Outputs are filled in by fastnn_infer or by hand and must",
        " * match what the op infers. An optional tensor may be NULL. fastnn.h has the generic form of these calls.",
        " */",
        "#ifndef FASTNN_OPS_H",
        "#define FASTNN_OPS_H",
        "",
        '#include "fastnn.h"',
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "typedef struct fastnn_list {",
        "  int64_t length;",
        "  int64_t values[FASTNN_MAX_RANK];",
        "} fastnn_list;",
        "",
    ]
    for op in ops:
        name, attributes = op["name"], op.get("attributes", [])
        out += c_comment(op)
        for attribute in attributes:
            if attribute["kind"] == "enum":
                prefix = f"FASTNN_{name}_{attribute['name']}".upper()
                items = ", ".join(f"{prefix}_{c.upper()} = {i}" for i, c in enumerate(attribute["choices"]))
                out.append(f"enum {{ {items} }};")
        struct_name = f"fastnn_{name}_attributes"
        out += [f"typedef struct {struct_name} {{", "  size_t struct_size;"]
        out += [f"  {field(attribute)} /* {attribute['doc']} */" for attribute in attributes]
        out += [f"}} {struct_name};", ""]
        values = ", ".join([f"sizeof({struct_name})", *[initializer(a) for a in attributes]])
        out += [
            f"static inline {struct_name} {struct_name}_default(void) {{",
            f"  {struct_name} attributes = {{{values}}};",
            "  return attributes;",
            "}",
            "",
        ]
        variadic = any(argument.get("variadic") for argument in op["inputs"])
        parameters = ["const fastnn_context* context"]
        if variadic:
            parameters += [f"fastnn_tensor* const* {argument['name']}" for argument in op["inputs"]]
            parameters.append("int64_t count")
        else:
            parameters += [f"const fastnn_tensor* {argument['name']}" for argument in op["inputs"]]
        parameters += [f"fastnn_tensor* {argument['name']}" for argument in op["outputs"]]
        parameters.append(f"const {struct_name}* attributes")
        if any(argument.get("accumulate") for argument in op["outputs"]):
            parameters.append("uint64_t accumulate")
        body = [f'  static const char name[] = "{name}";']
        if variadic:
            groups = ", ".join(argument["name"] for argument in op["inputs"])
            function = "fastnn_run_groups"
            body.append(f"  fastnn_tensor* const* groups[] = {{{groups}}};")
            given = f"groups, {len(op['inputs'])}, count"
        else:
            inputs = ", ".join(argument["name"] for argument in op["inputs"])
            function = "fastnn_run_named"
            body.append(f"  const fastnn_tensor* inputs[] = {{{inputs}}};")
            given = f"inputs, {len(op['inputs'])}"
        outputs = ", ".join(argument["name"] for argument in op["outputs"])
        accumulate = "accumulate" if any(a.get("accumulate") for a in op["outputs"]) else "0"
        if outputs:
            body.append(f"  fastnn_tensor* outputs[] = {{{outputs}}};")
        body.append(
            f"  return {function}(context, name, {given}, {'outputs' if outputs else 'NULL'}, "
            f"{len(op['outputs'])}, attributes, {accumulate});"
        )
        out += [f"static inline fastnn_status fastnn_{name}({', '.join(parameters)}) {{", *body, "}", ""]
    out += ["#ifdef __cplusplus", "}", "#endif", "", "#endif", ""]
    return "\n".join(out)


ELEMENTWISE = {"value": "FASTNN_BY_VALUE", "position": "FASTNN_BY_POSITION"}
ROLES = {"read": "FASTNN_READ", "shape": "FASTNN_SHAPE", "update": "FASTNN_UPDATE"}
LAYOUTS = {
    "contiguous": "FASTNN_CONTIGUOUS",
    "last": "FASTNN_LAST_CONTIGUOUS",
    "any": "FASTNN_ANY_STRIDES",
    "matrices": "FASTNN_MATRICES",
}


def argument_row(argument: dict[str, Any]) -> str:
    return (
        f'{{"{argument["name"]}", "{argument["shape"]}", {ROLES[argument.get("role", "read")]}, '
        f"{LAYOUTS[argument.get('layout', 'contiguous')]}, {int(argument.get('optional', False))}, "
        f"{int(argument.get('variadic', False))}, {int(argument.get('accumulate', False))}, "
        f"{int(argument.get('rows', False))}}}"
    )


def flops_formula(op: Op) -> str:
    """The op's formula as C++ over `call` and, for attributes, `given`; the head of schema.toml says what it means."""
    inputs = {argument["name"]: i for i, argument in enumerate(op["inputs"])}
    outputs = {argument["name"]: i for i, argument in enumerate(op["outputs"])}
    kinds = {attribute["name"]: attribute["kind"] for attribute in op.get("attributes", [])}
    variadic = any(argument.get("variadic") for argument in op["inputs"])

    def term(match: re.Match[str]) -> str:
        name, index = match["name"], match["index"]
        if index is not None:
            index = NAME.sub(lambda inner: f"given.{inner['name']}", index)
        if name in kinds and index is None:
            return f"product(given.{name})" if kinds[name] == "ints" else f"static_cast<double>(given.{name})"
        if name in inputs and variadic and index is None:
            return f"elements_of_list(call, {inputs[name]}, {len(inputs)})"
        if name not in inputs and name not in outputs:
            raise ValueError(f"{op['name']}: expected flops of arguments and attributes, got {name}")
        tensor = f"call.inputs[{inputs[name]}]" if name in inputs else f"call.outputs[{outputs[name]}]"
        return f"elements({tensor})" if index is None else f"axis_size({tensor}, {index})"

    return NAME.sub(term, op["flops"])


def engine_table(ops: list[Op]) -> str:
    out = [f"// schema.inc: the op table's rows. {MARK}", "", "namespace fastnn::ops {", ""]
    for op in ops:
        out.append(f"size_t {op['name']}_infer(const fastnn_call& call);")
        out.append(f"void {op['name']}_run(const fastnn_call& call);")
        if op.get("prepares"):
            out.append(f"void {op['name']}_describe(const fastnn_call& call, fastnn_preparation& preparation);")
            out.append(f"void {op['name']}_prepare(const fastnn_call& call, void* prepared);")
    out += ["", "namespace {", ""]
    for op in ops:
        name, attributes = op["name"], op.get("attributes", [])
        for what in ("inputs", "outputs"):
            rows = ",\n    ".join(argument_row(argument) for argument in op[what])
            if rows:
                out.append(f"constexpr fastnn_argument_schema {name}_{what}[] = {{\n    {rows}}};")
        slot, rows_list, defaults = 0, [], []
        for attribute in attributes:
            choices = "nullptr"
            if attribute["kind"] == "enum":
                choices = f"{name}_{attribute['name']}_choices"
                names = ", ".join(f'"{choice}"' for choice in attribute["choices"])
                out.append(f"constexpr const char* {choices}[] = {{{names}, nullptr}};")
            rows_list.append(
                f'{{"{attribute["name"]}", FASTNN_ATTRIBUTE_{attribute["kind"].upper()}, {slots(attribute)}, {slot}, '
                f"{int(attribute.get('runtime', False))}, {choices}}}"
            )
            slot += slots(attribute)
            defaults += default_slots(attribute)
        if attributes:
            joined = ",\n    ".join(rows_list)
            out.append(f"constexpr fastnn_attribute_schema {name}_attributes[] = {{\n    {joined}}};")
            out.append(f"constexpr int64_t {name}_defaults[] = {{{', '.join(map(str, defaults))}}};")
            out.append(f"static_assert(sizeof(fastnn_{name}_attributes) == sizeof(size_t) + sizeof({name}_defaults));")
        if "flops" in op:
            formula = flops_formula(op)
            call = "const fastnn_call& call" if "call" in formula else "const fastnn_call&"
            out.append(f"double {name}_flops({call}) {{")
            if "given." in formula:
                out.append(f"  const auto& given = ops::attributes<fastnn_{name}_attributes>(call);")
            out += [f"  return flops_or_none({formula});", "}"]
        out.append("")
    out += ["}  // namespace", "", "const OpRow op_rows[] = {"]
    for op in ops:
        name, attributes = op["name"], op.get("attributes", [])
        count = sum(slots(attribute) for attribute in attributes)
        inputs = f"{name}_inputs" if op["inputs"] else "nullptr"
        outputs = f"{name}_outputs" if op["outputs"] else "nullptr"
        tail = f"{name}_attributes, {name}_defaults" if attributes else "nullptr, nullptr"
        tail += ", " + ELEMENTWISE.get(op.get("elementwise", ""), "0")
        functions = [f"{name}_infer", f"{name}_run", f"{name}_flops" if "flops" in op else "nullptr"]
        functions += [f"{name}_describe", f"{name}_prepare"] if op.get("prepares") else ["nullptr", "nullptr"]
        out.append(
            f'    {{{{sizeof(fastnn_schema), "{name}", {op["version"]}, {int(op.get("view", False))}, '
            f"{len(op['inputs'])}, {len(op['outputs'])}, {len(attributes)}, {count},\n"
            f"      {inputs}, {outputs}, {tail}}},\n"
            f"     {', '.join(functions)}}},"
        )
    out += ["};", "", "}  // namespace fastnn::ops", ""]
    return "\n".join(out)


TYPES = {"int": "int", "float": "float", "bool": "bool", "ints": "Sequence[int]", "list": "Sequence[int]"}


def python_type(attribute: dict[str, Any]) -> str:
    if attribute["kind"] == "enum":
        return "Literal[" + ", ".join(f'"{choice}"' for choice in attribute["choices"]) + "]"
    return TYPES[attribute["kind"]]


def python_default(attribute: dict[str, Any]) -> str:
    default = attribute["default"]
    if isinstance(default, list):
        return repr(tuple(default))
    return f'"{default}"' if isinstance(default, str) else repr(default)


def wrapped(text: str, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), 119, initial_indent=indent + first, subsequent_indent=indent, break_on_hyphens=False
    )


def python_function(op: Op) -> list[str]:
    name, attributes, inputs, outputs = op["name"], op.get("attributes", []), op["inputs"], op["outputs"]
    accumulates = any(output.get("accumulate") for output in outputs)
    positional, arguments = [], []
    for argument in inputs:
        kind = "Sequence[Arrayish]" if argument.get("variadic") else "Arrayish"
        if argument.get("optional"):
            positional.append(
                f"{argument['name']}: {kind} = ()"
                if argument.get("variadic")
                else f"{argument['name']}: {kind} | None = None"
            )
        else:
            positional.append(f"{argument['name']}: {kind}")
        arguments.append(argument["name"])
    keywords = [f"{a['name']}: {python_type(a)} = {python_default(a)}" for a in attributes]
    many = len(outputs) > 1
    if outputs:
        keywords.append("out: Sequence[Arrayish | None] | None = None" if many else "out: Arrayish | None = None")
    if accumulates:
        keywords.append("accumulate: bool = False")
    result = "None" if not outputs else f"tuple[{', '.join(['Array'] * len(outputs))}]" if many else "Array"
    parameters = [*positional, *(["*", *keywords] if keywords else [])]
    # ruff's own layout, so that formatting the package changes nothing here
    one_line = f"def {name}({', '.join(parameters)}) -> {result}:"
    head = (
        [one_line] if len(one_line) <= 120 else [f"def {name}(", *[f"    {p}," for p in parameters], f") -> {result}:"]
    )
    doc = wrapped(op["doc"], "    ", '"""')
    doc += ["", "    Parameters", "    ----------"]
    for argument in inputs:
        doc += wrapped(f"{argument['name']} : {argument['shape']}", "    ")
        notes = {
            "shape": "Only its shape and dtype are used.",
            "update": "Updated in place; must be a writable array.",
        }
        if argument.get("role") in notes:
            doc.append(f"        {notes[argument['role']]}")
    for attribute in attributes:
        doc += wrapped(f"{attribute['name']} : {python_type(attribute).replace(chr(34), chr(39))}", "    ")
        text = attribute["doc"]
        doc += wrapped(text[0].upper() + text[1:] + ".", "        ")
    if outputs:
        doc += ["    out : array" + (", or one for each result" if many else "") + ", optional"]
        doc += ["        Written instead of a new array."]
    if accumulates:
        target = "the first entry of out" if many else "out"
        doc += ["    accumulate : bool", f"        Add into {target} instead of overwriting it."]
    if outputs:
        doc += ["", "    Returns", "    -------"]
        for output in outputs:
            doc += wrapped(f"{output['name']} : {output['shape']}", "    ")
    doc.append('    """')
    variadic = any(argument.get("variadic") for argument in inputs)
    packed = ", ".join(arguments) + ("," if len(arguments) == 1 else "")
    call = [f'"{name}"', f"({packed})"]
    call.append("out" if many else "(out,)" if outputs else "()")
    call.append("accumulate" if accumulates else "False")
    call += [f"{a['name']}={a['name']}" for a in attributes]
    if variadic and (many or (len(inputs) > 1 and outputs)):
        raise ValueError(f"{name}: expected one list and one output, or updates only")
    function = "_update" if not outputs else "_of_list" if variadic else "_many" if many else "_one"
    names = ", ".join(output["name"] for output in outputs)
    prefix = "" if not outputs else f"{names} = " if many else "return "
    line = f"    {prefix}{function}({', '.join(call)})"
    if len(line) > 120:
        body = f"        {', '.join(call)}"
        if len(body) <= 120:
            lines = [f"    {prefix}{function}(", body, "    )"]
        else:
            lines = [f"    {prefix}{function}(", *[f"        {item}," for item in call], "    )"]
    else:
        lines = [line]
    if many:
        lines.append(f"    return {names}")
    return [*head, *doc, *lines, "", ""]


def python_module(ops: list[Op]) -> str:
    names = sorted(op["name"] for op in ops)
    out = [
        '"""The kernels over NumPy arrays, DLPack tensors and buffers: forward and backward, without the tape.',
        "",
        f"{MARK}",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Sequence",
        "from typing import Literal",
        "",
        "from ._kernel_call import Array, Arrayish, _many, _of_list, _one, _update",
        "",
        "__all__ = [",
        *[f'    "{name}",' for name in names],
        "]",
        "",
        "",
    ]
    for op in ops:
        out += python_function(op)
    return "\n".join(out).rstrip("\n") + "\n"


def results() -> dict[Path, str]:
    ops: list[Op] = tomllib.loads((HERE / "schema.toml").read_text())["op"]
    return {
        ROOT / "csrc/include/fastnn/ops.h": c_header(ops),
        HERE / "schema.inc": engine_table(ops),
        ROOT / "fastnn/kernels.py": python_module(ops),
    }


def main() -> int:
    stale = [path for path, text in results().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)}; run python csrc/ops/generate.py")
        return bool(stale)
    for path in stale:
        path.write_text(results()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
