"""Models in programs that fork, use threads, are interrupted or end while they train.

Each test is a script in an interpreter of its own. It begins with a model that trains on one batch per epoch, so that
the number of epochs names a state.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PRELUDE = """
import atexit, multiprocessing, os, random, signal, sys, threading, time, warnings
import numpy as np
import fastnn
from fastnn import kernels, layers

warnings.filterwarnings("ignore", "This process .* is multi-threaded")
fastnn.set_num_threads(2)
rng = np.random.default_rng(0)
X = rng.normal(size=(64, 8, 8, 3)).astype(np.float32)
Y = np.arange(64) % 5

def make():
    fastnn.utils.set_random_seed(1)
    model = fastnn.Sequential([
        fastnn.Input((8, 8, 3)), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
        layers.Flatten(), layers.Dropout(0.2), layers.Dense(5, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model

def fit(model, epochs, **options):
    return model.fit(X, Y, batch_size=64, epochs=epochs, shuffle=False, verbose=0, **options)

def bits(model):
    tensors = {**model._named_weights(), **model._named_slots()}
    return [tensor.numpy().tobytes() for tensor in tensors.values()]

def wait_for(child):
    end = time.monotonic() + 200
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid == child:
            assert status == 0, status
            return
        time.sleep(0.005)
    os.kill(child, 9)
    sys.exit("the child hangs")
"""


def run(script: str, folder: Path, status: int = 0) -> None:
    """Runs a script, which must end with the status in time and without a word."""
    file = folder / "script.py"
    file.write_text(PRELUDE + textwrap.dedent(script))
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=250, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", ""), done


# ---- fork ------------------------------------------------------------------------------------------------------------


def test_fork_in_the_middle_of_fit(tmp_path: Path) -> None:
    """Parent and child both go on training, and end with the same bits."""
    run(
        """
        class Fork(fastnn.callbacks.Callback):
            child = None
            def on_train_batch_end(self, batch, logs=None):
                if self.child is None and self.model.optimizer.iterations == 4:
                    self.child = os.fork()
        reader, writer = os.pipe()
        fork, model = Fork(), make()
        fit(model, 7, callbacks=[fork])
        assert fork.child is not None
        if fork.child == 0:
            os.write(writer, bits(model)[0])
            os._exit(0)
        wait_for(fork.child)
        assert os.read(reader, 1 << 16) == bits(model)[0]
        """,
        tmp_path,
    )


def test_fork_while_another_thread_trains(tmp_path: Path) -> None:
    """The child has models of its own; the one in training stays its thread's."""
    run(
        """
        model, other = make(), make()
        want = other.predict(X)
        stop = threading.Event()
        class Stop(fastnn.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                self.model.stop_training = stop.is_set()
        thread = threading.Thread(target=fit, args=(model, 10**9), kwargs={"callbacks": [Stop()]})
        thread.start()
        for _ in range(10):
            child = os.fork()
            if child == 0:
                assert np.array_equal(other.predict(X), want)
                mine = make()
                fit(mine, 3)
                assert kernels.gemm(X[0, 0].T, X[0, 0]).shape == (3, 3)
                os._exit(0)
            wait_for(child)
        stop.set()
        thread.join()
        again = make()
        fit(again, model.optimizer.iterations)
        assert bits(again) == bits(model)
        """,
        tmp_path,
    )


def test_fork_while_another_thread_predicts(tmp_path: Path) -> None:
    """The child may train the model, for its thread is the only one there."""
    run(
        """
        model = make()
        class Wait(fastnn.callbacks.Callback):
            reading, go_on = threading.Event(), threading.Event()
            def on_predict_batch_end(self, batch, logs=None):
                self.reading.set()
                self.go_on.wait()
        wait = Wait()
        thread = threading.Thread(target=model.predict, args=(X,), kwargs={"callbacks": [wait], "verbose": 0})
        thread.daemon = True
        thread.start()
        wait.reading.wait()
        child = os.fork()
        if child == 0:
            fit(model, 3)
            model.predict(X)
            os._exit(0)
        wait_for(child)
        try:
            fit(model, 1)
        except RuntimeError as error:
            assert str(error) == "fit: the model is already in fit, evaluate or predict", error
        else:
            sys.exit("the model was trained while another thread read it")
        wait.go_on.set()
        thread.join()
        fit(model, 1)
        """,
        tmp_path,
    )


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_predict(method: str, tmp_path: Path) -> None:
    run(
        f"""
        path = {str(tmp_path / "model.fastnn")!r}
        def work(start):
            global model
            if "model" not in globals():
                model = fastnn.models.load_model(path)
            return model.predict(X[start:start + 16])
        if __name__ == "__main__":
            model = make()
            fit(model, 2)
            model.save(path)
            want = model.predict(X)
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                parts = pool.map_async(work, [0, 16, 32, 48]).get(timeout=200)
            for part, start in zip(parts, range(0, 64, 16)):
                assert np.array_equal(part, model.predict(X[start:start + 16]))
            assert np.array_equal(model.predict(X), want)
        """,
        tmp_path,
    )


def test_fork_while_another_thread_runs_a_compiled_step(tmp_path: Path) -> None:
    """The child refuses the step that the other thread is in the middle of, and runs those that it is not in."""
    run(
        """
        warnings.simplefilter("ignore")  # of what the step waits for
        weight = fastnn.zeros(3)
        inside, go_on, waits = threading.Event(), threading.Event(), [True]
        def wait():
            if waits[0]:
                inside.set()
                go_on.wait()
        @fastnn.compile
        def step(x):
            weight.add_(x)
            wait()
            return weight * 2.0
        @fastnn.compile
        def double(x):
            return x * 2.0
        x = np.ones(3, np.float32)
        for _ in range(3):
            double(x)
        thread = threading.Thread(target=step, args=(x,))
        thread.start()
        inside.wait()
        child = os.fork()
        if child == 0:
            waits[0] = False
            assert double(x).tolist() == [2, 2, 2]
            for _ in range(2):
                try:
                    step(x)
                except RuntimeError as error:
                    assert str(error).startswith("step: when this process was forked another thread was in the "), error
                else:
                    os._exit(1)
            weight.zero_()
            again = fastnn.compile(lambda x: (weight.add_(x), weight * 2.0)[1])
            assert [again(x).tolist()[0] for _ in range(4)] == [2, 4, 6, 8]
            os._exit(0)
        wait_for(child)
        waits[0] = False
        go_on.set()
        thread.join()
        assert [step(x).tolist()[0] for _ in range(4)] == [4, 6, 8, 10]
        """,
        tmp_path,
    )


def test_fork_within_a_compiled_step_and_beside_replays(tmp_path: Path) -> None:
    run(
        """
        weight, forks = fastnn.zeros(3), []
        def fork():
            if not forks:
                forks.append(os.fork())
        @fastnn.compile
        def step(x):
            weight.add_(x)
            fork()
            return weight * 2.0
        @fastnn.compile
        def double(x):
            return x * 2.0
        x = np.ones(3, np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what fork changes
            assert [step(x).tolist()[0] for _ in range(4)] == [2, 4, 6, 8]
        if forks[0] == 0:
            os._exit(0)
        wait_for(forks[0])
        assert [double(x).tolist()[0] for _ in range(4)] == [2] * 4
        assert double.recorded  # a run that isn't a replay may write, and nobody knows what
        stop = threading.Event()
        def replay():
            while not stop.is_set():
                double(x)
        thread = threading.Thread(target=replay)
        thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                assert double(x).tolist() == [2, 2, 2]
                os._exit(0)
            wait_for(child)
        stop.set()
        thread.join()
        """,
        tmp_path,
    )


@pytest.mark.parametrize(
    ("module", "name", "work"),
    [
        ("walk", "_accumulating", "(fastnn.ones(2, requires_grad=True) * 2).sum().backward()"),
        ("layers.base.naming", "_lock", "layers.Dense(2)"),
        ("layers.base.building", "_builds.lock", "layers.Dense(2)(X)"),
        ("random", "_lock", "fastnn.random.next_seed(), fastnn.randn(2), fastnn.manual_seed(3)"),
    ],
)
def test_fork_while_another_thread_holds_a_lock(module: str, name: str, work: str, tmp_path: Path) -> None:
    """The fork waits for it."""
    run(
        f"""
        import importlib
        lock = importlib.import_module("fastnn.{module}").{name}
        inside, released = threading.Event(), []
        def hold():
            with lock:
                inside.set()
                time.sleep(0.2)
                released.append(1)
        for _ in range(2):
            released.clear()
            inside.clear()
            thread = threading.Thread(target=hold)
            thread.start()
            inside.wait()
            child = os.fork()
            assert released
            if child == 0:
                {work}
                os._exit(0)
            wait_for(child)
            thread.join()
            {work}
        with lock:  # of this thread
            child = os.fork()
            if child == 0:
                threading.Thread(target=lambda: [{work}], daemon=True).start()
                time.sleep(0.01)
        if child == 0:
            {work}
            os._exit(0)
        wait_for(child)
        """,
        tmp_path,
    )


WAITING_BUILD = """
class Waiting(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight((3,), "ones", name="kernel")
        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        thread.join(60)
        assert not thread.is_alive(), "the thread hangs"
        self.bias = self.add_weight((3,), "zeros", name="bias")
    def call(self, x):
        return x * self.kernel + self.bias
layer = Waiting()
"""


@pytest.mark.parametrize("ends", ["at once", "behind a build", "behind a build of the same layer"])
def test_a_build_waits_for_a_thread_that_forks(ends: str, tmp_path: Path) -> None:
    """No lock is held meanwhile, and the child begins the layer anew."""
    work = {"at once": "", "behind a build": "layers.Dense(2)(X)", "behind a build of the same layer": "layer.check()"}
    run(
        f"""
        {textwrap.indent(WAITING_BUILD, " " * 8).strip()}
        def check():
            global wait
            wait = lambda: None
            assert np.array_equal(layer(X), X)
            assert [weight.path.split("/")[-1] for weight in layer.weights] == ["kernel", "bias"]
        layer.check = check
        def wait():
            child = os.fork()
            if child == 0:
                {work[ends] or "pass"}
                os._exit(0)
            wait_for(child)
        check_here = wait
        assert np.array_equal(layer(X), X)
        assert len(layer.weights) == 2
        """,
        tmp_path,
    )


def test_a_build_waits_for_a_thread_that_builds(tmp_path: Path) -> None:
    run(
        f"""
        {textwrap.indent(WAITING_BUILD, " " * 8).strip()}
        other = layers.Dense(2)
        wait = lambda: other(X)
        assert np.array_equal(layer(X), X)
        assert other.built
        """,
        tmp_path,
    )


def test_threads_that_call_one_layer_make_its_weights_once(tmp_path: Path) -> None:
    """Also where a model with it fails in the middle, and another thread has built the layer meanwhile."""
    run(
        """
        builds, go_on, inside = [], threading.Event(), threading.Event()
        class Slow(layers.Layer):
            def build(self, shape):
                builds.append(threading.get_ident())
                inside.set()
                go_on.wait()
                self.kernel = self.add_weight((3, 2))
            def call(self, x):
                return x @ self.kernel
        class Failing(layers.Layer):
            def __init__(self, layer):
                super().__init__()
                self.first, self.layer = layers.Dense(3), layer
            def build(self, shape):
                self.first(X[0])
                try:
                    self.layer(X[0])
                finally:
                    raise ValueError("no")
            def call(self, x):
                return x
        slow, failing, results = Slow(), None, []
        failing = Failing(slow)
        def call():
            results.append(slow(X[0]).numpy())
        def fail():
            inside.wait()
            try:
                failing(X[0])
            except ValueError as error:
                assert str(error) == "no"
        threads = [threading.Thread(target=call) for _ in range(4)] + [threading.Thread(target=fail)]
        for thread in threads:
            thread.start()
        inside.wait()
        time.sleep(0.05)
        go_on.set()
        for thread in threads:
            thread.join()
        assert len(builds) == 1
        assert all(np.array_equal(result, results[0]) for result in results)
        assert slow.built and not failing.built and not failing.first.built and not failing.first._weights
        """,
        tmp_path,
    )


def test_fork_while_a_stepper_is_asked(tmp_path: Path) -> None:
    """One that another thread was stepping on stays that thread's; one that only its lock was taken of goes on."""
    run(
        """
        model = fastnn.Sequential([fastnn.Input((None, 3)), layers.LSTM(4, return_sequences=True)])
        stream, x = model.stream(), np.ones((1, 3), np.float32)
        inside, go_on = threading.Event(), threading.Event()
        def hold():
            with stream._lock:
                inside.set()
                go_on.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait()
        child = os.fork()
        if child == 0:
            stream.step(x)
            os._exit(0)
        wait_for(child)
        go_on.set()
        thread.join()
        stream.step(x)
        """,
        tmp_path,
    )


# ---- Ctrl-C ----------------------------------------------------------------------------------------------------------


def test_ctrl_c_at_any_moment_leaves_a_whole_step(tmp_path: Path) -> None:
    """Ten times: the weights are those of as many steps as the optimizer counts, and training goes on from there."""
    run(
        """
        def interrupt(delay):
            time.sleep(delay)
            os.kill(os.getpid(), signal.SIGINT)
        random.seed(7)
        for attempt in range(10):
            model = make()
            model.optimizer.build(model.trainable_weights)
            sender = threading.Thread(target=interrupt, args=(random.uniform(0, (0.02, 0.1)[attempt % 2]),))
            try:
                sender.start()
                fit(model, 10**9)
            except KeyboardInterrupt:
                pass
            sender.join()
            again = make()
            again.optimizer.build(again.trainable_weights)
            done = int(model.optimizer.iterations)
            fit(again, done)
            assert bits(model) == bits(again), done
            fit(model, 2)
            fit(again, 2)
            assert bits(model) == bits(again), done
        """,
        tmp_path,
    )


EVERY_MOMENT = """
sys.unraisablehook = lambda _: None  # it comes to generators that nobody reads on, too

def watched(work, files, moment=None):
    # The moments of the work in these files, as places in the code; KeyboardInterrupt at one of them.
    places = []
    def profile(frame, event, argument):
        if event in ("call", "c_return") and frame.f_code.co_filename in files:
            if len(places) == moment:
                sys.setprofile(None)
                raise KeyboardInterrupt
            places.append((frame.f_code, frame.f_lineno, event))
    sys.setprofile(profile)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return places

def moments(work, files):
    # The first two at each place.
    places = watched(work, files)
    return [i for i, place in enumerate(places) if places[:i].count(place) < 2]
"""


def test_ctrl_c_at_every_moment_of_an_eager_step(tmp_path: Path) -> None:
    """Python looks for signals where a function begins and where a call of C ends: KeyboardInterrupt at each of these
    that lie in a step leaves the state of a whole step, and a model that goes on training."""
    run(
        EVERY_MOMENT
        + """
from fastnn import program, recording

FILES = {program.__file__, recording.__file__}
wanted = make()
wanted.optimizer.build(wanted.trainable_weights)
states = [bits(wanted)]
for _ in range(2):
    fit(wanted, 1)
    states.append(bits(wanted))
def built():
    model = make()
    model.optimizer.build(model.trainable_weights)
    return model
model = built()
chosen = moments(lambda: fit(model, 1), FILES)
for moment in chosen:
    model = built()
    watched(lambda: fit(model, 1), FILES, moment)
    assert not recording.in_step(), moment
    done = int(model.optimizer.iterations)
    assert bits(model) == states[done], (moment, done)
    fit(model, 1)
    assert bits(model) == states[done + 1], (moment, done)
assert len(chosen) > 50, chosen
""",
        tmp_path,
    )


def test_ctrl_c_at_every_moment_of_predict_and_a_stream(tmp_path: Path) -> None:
    """The model can be trained afterwards, the stream goes on, and the tape is as it was."""
    run(
        EVERY_MOMENT
        + """
from fastnn import grad_mode, guard, models, stepper

FILES = {grad_mode.__file__, guard.__file__, models.__file__, stepper.__file__}
model = make()
sequences = fastnn.Sequential([fastnn.Input((None, 3)), layers.LSTM(4, return_sequences=True)])
stream = sequences.stream()
def work():
    model.predict(X[:3])
    with fastnn.no_grad():
        model(X[:3])
    stream(X[0, 0, :1])
work()
chosen = moments(work, FILES)
for moment in chosen:
    watched(work, FILES, moment)
    assert fastnn.is_grad_enabled(), moment
    fit(model, 1)
    stream(X[0, 0, :1])
assert len(chosen) > 30, chosen
""",
        tmp_path,
    )


# ---- the end of the program ------------------------------------------------------------------------------------------

BUSY = """
model, idle = make(), make()
begun = threading.Event()
class Begun(fastnn.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 5:
            begun.set()
def predict():
    while True:
        idle.predict(X)
for work in (lambda: fit(model, 10**9, callbacks=[Begun()]), predict, predict):
    threading.Thread(target=work, daemon=True).start()
assert begun.wait(200)
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [("pass", 0), ("sys.exit(3)", 3), ("os._exit(4)", 4), ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM)],
)
def test_the_program_ends_while_threads_train_and_predict(end: str, status: int, tmp_path: Path) -> None:
    run(BUSY + end, tmp_path, status)


def test_the_program_waits_for_a_thread_that_trains(tmp_path: Path) -> None:
    run(
        """
        model = make()
        def work():
            fit(model, 50)
            assert model.optimizer.iterations == 50
            open(sys.argv[0] + ".done", "w").close()
        threading.Thread(target=work).start()
        """,
        tmp_path,
    )
    assert (tmp_path / "script.py.done").exists()


def test_programs_and_tensors_outlive_main(tmp_path: Path) -> None:
    """In globals, in cycles, on an unfinished tape, in another module, and used in a handler of atexit."""
    run(
        """
        model = make()
        fit(model, 3)
        want = model.predict(X)
        model.itself = [model]
        weight = fastnn.Tensor(X, requires_grad=True)
        loss = (weight * weight).sum()
        cycle = [loss.numpy(), np.asarray(weight.detach()), loss]
        cycle.append(cycle)
        sys.kept = cycle, model._predict_step, kernels.relu(X)
        class Late:
            def __del__(self):
                assert cycle is None or len(cycle) == 4
        late = Late()
        def leave():
            assert np.array_equal(model.predict(X), want)
            loss.backward()
            assert np.array_equal(weight.grad.numpy(), 2 * X)
        atexit.register(leave)
        """,
        tmp_path,
    )


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_predicting_threads_beside_fit(tmp_path: Path) -> None:
    """A call is refused with RuntimeError or sees a model between two fits; never one in the middle of a step."""
    run(
        """
        model = make()
        states = [model.predict(X).tobytes()]
        twin = make()
        for _ in range(20):
            fit(twin, 1)
            states.append(twin.predict(X).tobytes())
        seen, wrong = set(), []
        stop = threading.Event()
        def predict():
            while not stop.is_set():
                try:
                    found = model.predict(X).tobytes()
                except RuntimeError as error:
                    if str(error) != "predict: the model is in fit or evaluate in another thread":
                        wrong.append(error)
                else:
                    seen.add(states.index(found))
                time.sleep(random.uniform(0, 0.005))  # fit asks for a moment without readers
        threads = [threading.Thread(target=predict) for _ in range(3)]
        for thread in threads:
            thread.start()
        fits = 0
        while fits < 20:
            try:
                fit(model, 1)
                fits += 1
            except RuntimeError as error:
                assert str(error) == "fit: the model is already in fit, evaluate or predict", error
                time.sleep(0.0005)
        while not seen and not wrong:
            time.sleep(0.001)
        stop.set()
        for thread in threads:
            thread.join()
        assert not wrong, wrong
        assert bits(model) == bits(twin)
        """,
        tmp_path,
    )
