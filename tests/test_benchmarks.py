"""The plumbing of benchmarks/: what networks and kernels count, options, verdicts, and a run without peers."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))

from benchmarks import networks, run, table, timing  # noqa: E402 (the checkout's, behind the installed package)
from benchmarks.kernels import BFLOAT16, KERNELS, TARGETS, UNIT_TARGETS, targets_of  # noqa: E402
from benchmarks.libraries.fastnn_library import LOSSES, Fastnn, sequential  # noqa: E402
from benchmarks.peak import Peak  # noqa: E402


def test_networks_count_what_their_layers_do() -> None:
    dense = 784 * 128 + 128 * 10
    assert networks.MLP.parameters() == dense + 138
    assert networks.MLP.flops() == 32 * (2 * 2 * 784 * 128 + 3 * 2 * 128 * 10)
    resnet = next(network for network in networks.NETWORKS if network.name == "ResNet-20")
    assert networks.output_shape(resnet.layers, resnet.input_shape) == (10,)
    assert len([shape for shape, *_ in networks.weights_of(resnet.layers, (32, 32, 3)) if len(shape) == 4]) == 21
    assert [weight.shape for weight in networks.MLP.weights()] == [(784, 128), (128,), (128, 10), (10,)]


def test_names_tell_rows_apart() -> None:
    rows = [*run.step_rows(), *run.kernel_rows(targets_of("avx512"))]
    assert len({(row.section, row.name) for row in rows}) == len(rows)
    assert {kernel.target for kernel in KERNELS} == set(TARGETS)
    for kernel in KERNELS:
        if kernel.bytes < 2**20:
            assert tuple(array.shape for array in kernel.arrays()) == kernel.shapes


def test_the_fastest_peer_is_compared() -> None:
    seconds = {"fastnn": 1.0, "torch": 4.0, "torch-fused": 3.0, "jax": 2.0, "numpy": 0.5}
    assert table.fastest(seconds) == "jax"
    assert table.fastest(seconds, "torch") == "torch-fused"
    assert table.ratio(seconds) == 0.5
    assert table.times_as_fast(seconds) == 0.5
    assert table.met([table.Aim(0.5)], seconds) is True
    assert table.met([table.Aim(0.4, "torch")], seconds) is True
    assert table.met([table.Aim(0.5), table.Aim(1.0, "numpy")], seconds) is False
    assert table.met([table.Aim(1.2, "onnxruntime")], seconds) is None
    assert table.met([table.Aim(0.9, absolute=True)], seconds) is False


def test_a_process_answers_when_its_threads_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    used = iter([0.0, 0.03, 0.03, 0.04, 0.04, 0.041, 0.041])
    slept: list[float] = []
    monkeypatch.setattr(timing.time, "process_time", lambda: next(used))
    monkeypatch.setattr(timing.time, "sleep", slept.append)
    timing.rest(pause=0.03)
    assert slept == [0.03] * 3


def test_verdicts_on_kernels() -> None:
    assert table.kernel_verdict(1.5, 1.0, 1.5) == "aim"
    assert table.kernel_verdict(1.2, 1.0, 1.5) == "must"
    assert table.kernel_verdict(0.9, 1.0, 1.5) == "no"
    assert table.kernel_verdict(9.0, None, None) == "-"
    line = table.summary_line(TARGETS["gemm"], [1.0, 4.0], ["must", "aim"])
    assert "geometric mean 2.00 (must be 1.00: yes); 2 of 2 as they must be, 1 as aimed" in line


def test_classes_have_lines_of_their_own() -> None:
    seconds = {"fastnn": 1.0, "fastnn-fast": 0.5, "fastnn-bfloat16": 0.25, "torch": 1.1, "torch-bf16": 0.2}
    fast, bfloat16 = table.class_lines(seconds, {"fast": table.Target("fast", 2.0, 2.5), "bfloat16": BFLOAT16})
    assert fast.split() == ["class", "fast", "500", "ms", "2.20", "2.00", "2.50", "must"]
    assert bfloat16.split() == ["class", "bfloat16", "250", "ms", "200", "ms", "torch-bf16", "0.80", "1.00", "-", "no"]
    assert table.class_lines({"fastnn": 1.0, "torch": 1.1}, {"fast": BFLOAT16}) == []
    assert table.class_lines(seconds, {}) == []
    assert table.fastest(seconds) == "torch"


def test_a_level_with_a_matrix_unit_has_targets_of_its_own() -> None:
    vectors, unit = ({row.name: row for row in run.kernel_rows(targets_of(isa))} for isa in ("avx512", "amx"))
    assert {row.target for row in unit.values()} - set(TARGETS) == set(UNIT_TARGETS)
    asked = {name: (row.must, row.aim) for name, row in unit.items()}
    for sizes in ("512x512x512", "1024x1024x1024", "2048x2048x2048", "256x1024x1024", "2048x1024x256"):
        assert asked[f"gemm NN {sizes}"] == (1.6, 2.2)
        assert [(c, t.must) for c, t in unit[f"gemm NN {sizes}"].classes.items()] == [("fast", 2.5), ("bfloat16", 1.0)]
    assert UNIT_TARGETS["unit-gemm"].mean == 1.3
    convolutions = [name for name, values in asked.items() if values == (1.8, 2.5)]
    assert len(convolutions) == 20
    assert all(min(map(int, name.split()[3].split("->"))) >= 64 for name in convolutions)
    recurrent = [name for name, row in unit.items() if row.target == "unit-lstm" and row.must == 1.4]
    assert [name.split()[4] for name in recurrent] == ["H256", "H256", "H512", "H512"]
    assert len([name for name, row in unit.items() if row.target == "unit-attention" and row.must == 1.3]) == 8
    others = [name for name, row in unit.items() if row.target in TARGETS]
    assert all((unit[name].must, unit[name].aim) == (vectors[name].must, vectors[name].aim) for name in others)
    steps = {row.name: row.aims[0].limit for row in run.step_rows() if row.section == "training step"}
    assert [steps[name] for name in ("MLP 784-1024-1024-10", "VGG-like", "ResNet-20")] == [0.55, 0.5, 0.5]
    assert steps["Transformer block"] == 0.45


def test_classes_are_measured_where_they_are_asked_about() -> None:
    def classes(isa: str, *measured: str) -> set[tuple[str, ...]]:
        return {tuple(row.classes) for row in run.kernel_rows(targets_of(isa), measured)}

    assert classes("avx512") == {(), ("fast",)}
    assert classes("amx") == {(), ("fast",), ("bfloat16",), ("fast", "bfloat16")}
    assert classes("avx512", "bfloat16") == {(), ("bfloat16",), ("bfloat16", "fast")}
    assert run.chosen_classes("fast,bfloat16") == ["fast", "bfloat16"]
    with pytest.raises(ValueError, match=r"^--classes: expected some of bfloat16, fast, got float16$"):
        run.chosen_classes("float16")


def test_an_earlier_run_is_compared() -> None:
    assert table.was_cell(table.Was(0.5, 3.0), 2.0, kernel=True) == "  (was 2.00; fastnn 1.50 times as fast)"
    assert table.was_cell(table.Was(None, 3.0), 2.0, kernel=False) == "  (was -; fastnn 1.50 times as fast)"
    assert table.was_cell(None, 2.0, kernel=True) == ""
    line = table.comparison_line([("a", 2.0), ("b", 0.5), ("c", 1.0)])
    assert line == "3 rows, geometric mean 1.00 times as fast; slower than then: 0.50 b"
    assert table.comparison_line([("a", 2.0)]).endswith("slower than then: none")
    assert table.comparison_line([]) == "no row is in both runs"


def test_results_that_differ_are_told() -> None:
    assert table.disagreement({"fastnn": 1.0, "torch": 1.0001, "jax-queued": None}) == ""
    assert table.disagreement({"fastnn": 1.0, "torch": 1.1}).startswith("RESULTS DIFFER")
    assert table.disagreement({"fastnn": 1.0, "torch": math.nan}).startswith("RESULTS DIFFER")


def test_the_share_of_the_peak_takes_the_tighter_bound() -> None:
    peak = Peak(flops=100.0, bandwidth=10.0)
    assert peak.share(2.0, flops=100, size=0) == 0.5
    assert peak.share(2.0, flops=10, size=10) == 0.5


def test_options() -> None:
    assert run.chosen_peers("torch,jax") == ["torch", "jax"]
    with pytest.raises(ValueError, match=r"^--peers: expected some of numpy, torch, .*, got theano$"):
        run.chosen_peers("torch,theano")
    commands = run.interpreters(["peers=/a/python", "jax=nice /b/python"])
    assert commands["fastnn"] == [sys.executable]
    assert commands["torch"] == ["/a/python"]
    assert commands["jax"] == ["nice", "/b/python"]
    with pytest.raises(ValueError, match=r"^--python: expected LIBRARY"):
        run.interpreters(["torch"])


def test_a_run_names_who_is_missing_and_writes_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    words = ["--quick", "--filter", "MLP 784-128", "--section", "training", "--peers", "jax,numpy", "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", "--steps", *words, "--json", file],
        cwd=ROOT,
        env={**os.environ, "PYTHONSAFEPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = json.loads(file.read_text())
    (result,) = written["results"]
    assert result["name"] == "MLP 784-128-10"
    assert {"fastnn", "numpy"} <= set(result["seconds"])
    assert result["recorded"] is True
    assert 0 <= result["first"] < 60
    assert "RESULTS DIFFER" not in done.stdout
    assert "jax" in result["seconds"] or "jax: LEFT OUT, jax isn't installed" in done.stdout
    assert run.previous_run(file) == {
        (result["section"], result["name"]): table.Was(result["ratio"], result["seconds"]["fastnn"])
    }


def test_overhead_is_judged_by_the_length_of_the_step() -> None:
    assert table.overhead_cell(20e-6, 2e-4) == "20 us yes"
    assert table.overhead_cell(30e-6, 2e-4) == "30 us no"
    assert table.overhead_cell(1e-3, 1e-2) == "1 ms yes"
    assert table.overhead_cell(None, 1e-2) == "-"


def test_what_recording_takes_stands_beside_whether_it_was_done() -> None:
    assert table.recorded_cell(True, 3.2e-3) == "yes, 3.2 ms"
    assert table.recorded_cell(False, None) == "no"
    assert table.recorded_cell(None, None) == "-"


@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda network: network.name)
def test_networks_train_and_predict_by_programs(network: networks.Network) -> None:
    small = dataclasses.replace(network, batch=4)
    model = sequential(small.layers, small.input_shape, small.weights())
    model.compile("adam", LOSSES[small.loss]())
    x, y = small.data()
    for _ in range(3):
        model.fit(x, y, batch_size=4, verbose=0)
    model.evaluate(x, y, batch_size=4, verbose=0)
    model.predict(x, batch_size=4)
    assert model.recorded
    assert model.eager_reasons() == []
    assert "commit" in model.program(4, training=True)


def test_the_gan_trains_by_a_program() -> None:
    step = Fastnn(2).gan(dataclasses.replace(networks.GAN, batch=4), "fastnn")
    assert step is not None
    for _ in range(4):  # a fallback would warn, and warnings are errors
        assert math.isfinite(step())
