"""fastnn.compile freezes nothing silently: whatever Python state a function reads may change between calls."""

from __future__ import annotations

import argparse
import array
import builtins
import collections
import contextlib
import contextvars
import cProfile
import ctypes
import datetime as dt
import functools
import gc
import importlib
import inspect
import io
import logging
import math
import multiprocessing
import operator
import os
import queue
import random
import secrets
import socket
import sqlite3
import sys
import tempfile
import threading
import time
import types
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, functional
from fastnn.outside import Outside

X = np.arange(1, 7, dtype=np.float32).reshape(3, 2)
Change = Callable[[float], Any]
Made = tuple[Callable[[Tensor], Tensor], Change]
READS: dict[str, Callable[[], Made]] = {}
EAGER: dict[str, tuple[Callable[[], Made], str]] = {}  # with the reason

GLOBAL = 1.0


def reads(make: Callable[[], Made]) -> Callable[[], Made]:
    READS[make.__name__] = make
    return make


def eager(reason: str) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    def add(make: Callable[[], Made]) -> Callable[[], Made]:
        EAGER[make.__name__] = make, reason
        return make

    return add


class Plain:
    """An object with an attribute, a method and others that are looked up where nothing names them."""

    shared = 1.0

    def __init__(self) -> None:
        self.value = 1.0
        self.items = {"dynamic": 1.0}

    def __getattr__(self, name: str) -> float:
        return float(self.__dict__["items"][name])

    def __getitem__(self, index: int) -> float:
        return self.value

    def __float__(self) -> float:
        return self.value

    @property
    def half(self) -> float:
        return self.value / 2

    @functools.cached_property
    def kept(self) -> float:
        return self.value * 2

    @staticmethod
    def of_no_object(x: Tensor) -> Tensor:
        return x * GLOBAL

    @classmethod
    def of_the_class(cls, x: Tensor) -> Tensor:
        return x * cls.shared


class Derived(Plain):
    def scaled(self, x: Tensor) -> Tensor:
        return x * super().half * self.shared


class Slots:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 1.0


def set_global(value: float) -> None:
    globals()["GLOBAL"] = value


@reads
def attribute_in_a_slot() -> Made:
    held = Slots()
    return lambda x: x * held.value, lambda v: setattr(held, "value", v)


@reads
def attribute_of_a_namespace() -> Made:
    held = types.SimpleNamespace(value=1.0)
    return lambda x: x * held.value, lambda v: setattr(held, "value", v)


@reads
def arguments_of_a_program() -> Made:
    held = argparse.Namespace(value=1.0)
    return lambda x: x * held.value, lambda v: setattr(held, "value", v)


@reads
def attribute_of_the_class() -> Made:
    held = Plain()
    return lambda x: x * held.shared, lambda v: setattr(Plain, "shared", v)


@reads
def attribute_of_the_class_below() -> Made:
    return lambda x: x * Derived.shared, lambda v: setattr(Plain, "shared", v)


@reads
def method_of_the_class_above() -> Made:
    held = Derived()
    return lambda x: held.scaled(x), lambda v: setattr(held, "value", v)


@reads
def static_method() -> Made:
    return lambda x: Plain.of_no_object(x), set_global


@reads
def class_method() -> Made:
    return lambda x: Derived.of_the_class(x), lambda v: setattr(Plain, "shared", v)


@reads
def property_() -> Made:
    held = Plain()
    return lambda x: x * held.half, lambda v: setattr(held, "value", v)


@reads
def cached_property_() -> Made:
    held = Plain()
    assert held.kept == 2.0
    return lambda x: x * held.kept, lambda v: setattr(held, "kept", v)


@reads
def attribute_made_up() -> Made:
    held = Plain()
    return lambda x: x * held.dynamic, lambda v: held.items.__setitem__("dynamic", v)


@reads
def operators() -> Made:
    held = Plain()
    return lambda x: x * held[0] * float(held), lambda v: setattr(held, "value", v)


@reads
def named_attribute() -> Made:
    held = Plain()
    return lambda x: x * getattr(held, "value", 5.0), lambda v: setattr(held, "value", v)


@reads
def attribute_of_a_computed_name() -> Made:
    held, name = Plain(), "value"
    return lambda x: x * getattr(held, name, "none"), lambda v: setattr(held, "value", v)


@reads
def dictionary_of_an_object() -> Made:
    held = Plain()
    return lambda x: x * held.__dict__["value"] * vars(held)["value"], lambda v: setattr(held, "value", v)


@reads
def attribute_by_a_getter() -> Made:
    held, get = Plain(), operator.attrgetter("value")
    return lambda x: x * get(held), lambda v: setattr(held, "value", v)


@reads
def a_default() -> Made:
    def scaled(x: Tensor, by: float = 1.0) -> Tensor:
        return x * by

    return scaled, lambda v: setattr(scaled, "__defaults__", (v,))


@reads
def a_default_by_name() -> Made:
    def scaled(x: Tensor, *, by: float = 1.0) -> Tensor:
        return x * by

    return lambda x: scaled(x), lambda v: setattr(scaled, "__kwdefaults__", {"by": v})


@reads
def the_code() -> Made:
    def scaled(x: Tensor) -> Tensor:
        return x * 1.0

    return lambda x: scaled(x), lambda v: setattr(scaled, "__code__", eval(f"lambda x: x * {v}").__code__)


@reads
def a_bound_built_in_method() -> Made:
    held = {"value": 1.0}
    get = held.get
    return lambda x: x * get("value", 0.0), lambda v: held.__setitem__("value", v)


@reads
def a_deque() -> Made:
    held = collections.deque([1.0])
    return lambda x: x * held[0], lambda v: held.__setitem__(0, v)


@reads
def a_list_of_the_users() -> Made:
    held = collections.UserList([1.0])
    return lambda x: x * held[0], lambda v: held.__setitem__(0, v)


@reads
def a_dictionary_of_the_users() -> Made:
    held = collections.UserDict(value=1.0)
    return lambda x: x * held["value"], lambda v: held.__setitem__("value", v)


@reads
def an_array() -> Made:
    held = array.array("d", [1.0])
    return lambda x: x * held[0], lambda v: held.__setitem__(0, v)


@reads
def bytes_in_place() -> Made:
    held = bytearray(b"\1")
    view = memoryview(held)
    return lambda x: x * float(held[0] + view[0]), lambda v: held.__setitem__(0, int(abs(v)) % 256)


@reads
def a_c_number() -> Made:
    held = ctypes.c_double(1.0)
    return lambda x: x * held.value, lambda v: setattr(held, "value", v)


@reads
def an_element_of_numpy() -> Made:
    held = np.ones(3)
    return lambda x: x * float(held[1]), lambda v: held.__setitem__(1, v)


@reads
def a_number_of_numpy() -> Made:
    held = np.ones(())
    return lambda x: x * held.item(), lambda v: held.__setitem__((), v)


@reads
def objects_in_numpy() -> Made:
    held = np.array([Slots()], dtype=object)
    return lambda x: x * held[0].value, lambda v: setattr(held[0], "value", v)


@reads
def a_view_of_a_tensor() -> Made:
    tensor = Tensor(np.ones(4, np.float32))
    view = tensor.numpy()
    return lambda x: x * float(view[1]), lambda v: tensor.assign(np.full(4, v, np.float32))


@reads
def a_tensor() -> Made:
    tensor = Tensor(np.ones(2, np.float32))
    return lambda x: x * tensor[:1], lambda v: tensor.assign(np.full(2, v, np.float32))


@reads
def another_tensor() -> Made:
    held = {"tensor": Tensor(np.ones(2, np.float32))}
    return lambda x: x * held["tensor"], lambda v: held.update(tensor=Tensor(np.full(2, v, np.float32)))


@reads
def a_context_variable() -> Made:
    held = contextvars.ContextVar("held", default=1.0)
    return lambda x: x * held.get(), held.set


@reads
def the_default_of_a_context_variable() -> Made:
    box = [1.0]
    held = contextvars.ContextVar("held", default=box)
    return lambda x: x * held.get()[0], lambda v: box.__setitem__(0, v)


@reads
def a_weak_reference() -> Made:
    held = Plain()
    reference = weakref.ref(held)

    return lambda x: x * reference().value, lambda v: setattr(held, "value", v)  # type: ignore[union-attr]


@reads
def a_function_that_remembers() -> Made:
    held = [1.0]

    @functools.lru_cache(maxsize=0)
    def looked_up(n: int) -> float:
        return held[n]

    return lambda x: x * looked_up(0), lambda v: held.__setitem__(0, v)


@reads
def a_partial_function() -> Made:
    scaled = functools.partial(lambda x, by: x * by, by=1.0)
    return lambda x: scaled(x), lambda v: scaled.keywords.__setitem__("by", v)


@reads
def a_sign_of_zero() -> Made:
    held = [0.0]
    return lambda x: x * held[0], lambda v: held.__setitem__(0, -held[0])


@reads
def a_module_imported_within() -> Made:
    module = types.ModuleType("settings_of_a_test")
    vars(module)["value"] = 1.0
    sys.modules[module.__name__] = module

    def scaled(x: Tensor) -> Tensor:
        import settings_of_a_test as chosen  # type: ignore[import-not-found]
        from settings_of_a_test import value

        return x * value * chosen.value

    return scaled, lambda v: setattr(module, "value", v)


@reads
def things_in_things() -> Made:
    held = Plain()
    held.items = {"a": [({"b": 1.0},)]}  # type: ignore[dict-item]
    return lambda x: x * held.items["a"][0][0]["b"], lambda v: held.items["a"][0][0].update(b=v)  # type: ignore[index]


@reads
def another_function() -> Made:
    held = {"scaled": lambda x: x * 1.0}
    return lambda x: held["scaled"](x), lambda v: held.update(scaled=lambda x: x * v)


@reads
def a_number_of_a_layer() -> Made:
    class Scaled(fastnn.layers.Layer):
        by = 1.0

        def __init__(self) -> None:
            super().__init__()
            self.numbers = np.ones(2)
            self.held = Slots()

        def call(self, inputs: Tensor) -> Tensor:
            return inputs * float(self.numbers[0]) * self.held.value * self.by * GLOBAL

    layer = Scaled()

    def change(value: float) -> None:
        kind = int(abs(value)) % 4
        layer.numbers[0] = value if kind == 0 else 1.0
        layer.held.value = value if kind == 1 else 1.0
        Scaled.by = value if kind == 2 else 1.0
        set_global(value if kind == 3 else 1.0)

    return lambda x: layer(x), change


@eager("it draws numbers from coin, which a replay would not repeat")
def a_coin() -> Made:
    coin = random.Random(0)
    return lambda x: x * (1.0 if coin.random() < 2 else 2.0), lambda v: None


@eager("it draws numbers from random, which")
def the_global_coin() -> Made:
    return lambda x: x * (1.0 if random.random() < 2 else 2.0), lambda v: None


@eager("it draws numbers from numpy.random, which")
def the_global_coin_of_numpy() -> Made:
    return lambda x: x * (1.0 if np.random.uniform() < 2 else 2.0), lambda v: None  # noqa: NPY002


@eager("it draws numbers from coin, which")
def a_coin_of_numpy() -> Made:
    coin = np.random.default_rng(0)
    return lambda x: x * (1.0 if coin.random() < 2 else 2.0), lambda v: None


@eager("it reads values, an iterator, which gives other values with every call")
def an_iterator() -> Made:
    values = iter([1.0] * 1000)
    return lambda x: x * next(values), lambda v: None


class OfNoClass:
    """As lazy modules are: whoever asks what it is gets an error."""

    value = 1.0

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ImportError("not here")


class OfNoKeys(dict[str, float]):
    def keys(self) -> Any:
        raise RuntimeError("none")


@eager("it reads thing, a OfNoClass, which raises ImportError when it is looked into")
def an_object_that_can_not_be_looked_into() -> Made:
    thing = OfNoClass()
    return lambda x: x * thing.value, lambda v: setattr(thing, "value", v)


@eager("it reads items, a OfNoKeys, which raises RuntimeError when it is looked into")
def a_dictionary_that_can_not_be_looked_into() -> Made:
    items = OfNoKeys(value=1.0)
    return lambda x: x * items["value"], lambda v: items.__setitem__("value", v)


@eager("it calls globals, which may give anything")
def all_globals() -> Made:
    return lambda x: x * globals()["GLOBAL"], set_global


NUMBERS = "it draws numbers of the system, which a replay would not repeat"


@eager(NUMBERS)
def numbers_of_the_system() -> Made:
    source = random.SystemRandom()
    return lambda x: x * (1.0 if source.random() < 2.0 else 2.0), lambda v: None


@reads
def a_function_that_the_library_has_wrapped() -> Made:
    slope = fastnn.grad(lambda x: (x * x * GLOBAL).sum())
    return lambda x: slope(x), set_global


def attributes_of(made: Any) -> Made:
    made.value = 1.0
    return lambda x: x * made.value, lambda v: setattr(made, "value", v)


for built_in, value in ((list, ()), (dict, ()), (tuple, ()), (set, ()), (int, 3), (float, 3.0), (str, "a")):
    derived = type(f"Own_{built_in.__name__}", (built_in,), {})
    READS[f"attribute_of_an_own_{built_in.__name__}"] = functools.partial(attributes_of, derived(value))


@reads
def attribute_of_an_own_array() -> Made:
    class Own(np.ndarray):
        pass

    return attributes_of(np.ones(2).view(Own))


@reads
def attribute_of_an_own_tensor() -> Made:
    class Own(Tensor):
        pass

    return attributes_of(Own(np.ones(2, np.float32)))


@reads
def attribute_of_a_function() -> Made:
    def scaled(x: Tensor) -> Tensor:
        return x * scaled.value  # type: ignore[attr-defined]

    scaled.value = 1.0  # type: ignore[attr-defined]
    return scaled, lambda v: setattr(scaled, "value", v)


@reads
def method_of_an_own_list() -> Made:
    class Own(list[float]):
        def __getitem__(self, index: Any) -> Any:
            return GLOBAL

    held = Own([1.0])
    return lambda x: x * held[0], set_global


@reads
def text_of_the_user() -> Made:
    held = collections.UserString("1")
    return lambda x: x * float(held), lambda v: setattr(held, "data", str(v))


@reads
def namespaces_as_a_whole() -> Made:
    held, same = types.SimpleNamespace(value=1.0), types.SimpleNamespace(value=3.0)
    return lambda x: x * (len(str(held)) if held == same else 1.0), lambda v: setattr(held, "value", v)


@reads
def names_in_a_namespace() -> Made:
    held = argparse.Namespace(value=1.0)
    return lambda x: x * (5.0 if "other" in held else 1.0), lambda v: setattr(held, "other", v)


@reads
def level_of_a_logger() -> Made:
    logger = logging.Logger("of a test", 10)
    return lambda x: x * float(logger.level), lambda v: logger.setLevel(int(v) + 10)


def opaque(make: Callable[[], Made]) -> Callable[[], Made]:
    return eager("it reads .*held.*, whose state can't be compared")(make)


@opaque
def an_event() -> Made:
    held = threading.Event()
    return lambda x: x * (5.0 if held.is_set() else 1.0), lambda v: held.set() if v % 2 else held.clear()


@opaque
def a_queue() -> Made:
    held: queue.Queue[float] = queue.Queue()
    return lambda x: x * float(held.qsize() + 1), held.put


@opaque
def a_simple_queue() -> Made:
    held: queue.SimpleQueue[float] = queue.SimpleQueue()
    return lambda x: x * float(held.qsize() + 1), held.put


@opaque
def a_lock() -> Made:
    held = threading.Lock()
    return lambda x: x * (5.0 if held.locked() else 1.0), lambda v: held.release() if held.locked() else held.acquire()


@opaque
def bytes_in_memory() -> Made:
    held = io.BytesIO(b"a")
    return lambda x: x * float(len(held.getvalue())), lambda v: held.write(b"abcd")


@opaque
def shared_memory() -> Made:
    held = multiprocessing.Value("d", 1.0)
    return lambda x: x * held.value, lambda v: setattr(held, "value", v)


@eager("it reads pointer, which points to memory elsewhere")
def a_pointer() -> Made:
    pointer = ctypes.pointer(ctypes.c_double(1.0))
    return lambda x: x * pointer.contents.value, lambda v: setattr(pointer.contents, "value", v)


@eager(NUMBERS)
def bytes_of_the_system() -> Made:
    return lambda x: x * float(len(os.urandom(1))), lambda v: None


@eager(NUMBERS)
def secret_numbers() -> Made:
    return lambda x: x * float(secrets.randbelow(1) + 1), lambda v: None


@eager(NUMBERS)
def a_generator_made_anew() -> Made:
    return lambda x: x * (1.0 if np.random.default_rng().random() < 2.0 else 2.0), lambda v: None


@eager(NUMBERS)
def an_old_generator_made_anew() -> Made:
    return lambda x: x * (1.0 if np.random.RandomState().uniform() < 2.0 else 2.0), lambda v: None


@eager(NUMBERS)
def pythons_generator_made_anew() -> Made:
    make = random.Random
    return lambda x: x * (1.0 if make().random() < 2.0 else 2.0), lambda v: None


@eager("Python reads the seed of a generator, which a replay would not repeat")
def a_generator_of_the_library_made_anew() -> Made:
    return lambda x: x * (1.0 if fastnn.Generator().initial_seed() >= 0 else 2.0), lambda v: None


@reads
def generators_made_with_a_seed() -> Made:
    def scaled(x: Tensor) -> Tensor:
        return x * random.Random(3).random() * float(np.random.default_rng(3).random()) * held[0]

    held = [1.0]
    return scaled, lambda v: held.__setitem__(0, v)


FILE = "it reads a file, which a replay would not repeat"


def in_a_file(read: Callable[[Path], float]) -> Made:
    path = Path(tempfile.mkstemp()[1])
    path.write_text("1")
    return lambda x: x * read(path), lambda v: path.write_text(str(int(abs(v))))  # type: ignore[func-returns-value]


@eager(FILE)
def a_file_that_is_opened() -> Made:
    def read(path: Path) -> float:
        with open(path) as file:  # noqa: PTH123
            return float(file.read())

    return in_a_file(read)


@eager(FILE)
def the_text_of_a_path() -> Made:
    return in_a_file(lambda path: float(path.read_text()))


@eager(FILE)
def numbers_of_a_file() -> Made:
    return in_a_file(lambda path: float(np.loadtxt(path)))


@eager(FILE)
def a_file_that_is_there() -> Made:
    return in_a_file(lambda path: 2.0 if path.exists() else 1.0)


@eager(FILE)
def the_folder_of_the_process() -> Made:
    return lambda x: x * float(len(os.getcwd())), lambda v: None  # noqa: PTH109


@eager(FILE)
def a_file_read_at_a_place() -> Made:
    path = Path(tempfile.mkstemp()[1])
    path.write_text("1")
    number = os.open(path, os.O_RDONLY)
    return lambda x: x * float(os.pread(number, 9, 0)), lambda v: path.write_text(str(int(abs(v))))


@eager(FILE)
def a_raw_file() -> Made:
    path = Path(tempfile.mkstemp()[1])
    path.write_text("1")
    number = os.open(path, os.O_RDONLY)

    def read(x: Tensor) -> Tensor:
        os.lseek(number, 0, os.SEEK_SET)
        return x * float(io.FileIO(number, closefd=False).read())

    return read, lambda v: path.write_text(str(int(abs(v))))


@eager("it asks a database, which a replay would not repeat")
def a_database() -> Made:
    where = tempfile.mkstemp()[1]

    def put(value: float) -> None:
        with contextlib.closing(sqlite3.connect(where)) as base, base:
            base.execute("create table if not exists scales (value real)")
            base.execute("insert into scales values (?)", (value,))

    def read(x: Tensor) -> Tensor:
        with contextlib.closing(sqlite3.connect(where)) as base:
            return x * float(base.execute("select sum(value) from scales").fetchone()[0])

    put(1.0)
    return read, put


@eager("it uses a socket, which a replay would not repeat")
def a_socket() -> Made:
    here, there = socket.socketpair()
    there.send(b"1")
    number, other = here.detach(), there.detach()

    def read(x: Tensor) -> Tensor:
        with socket.socket(fileno=os.dup(number)) as connection:
            return x * float(connection.recv(1, socket.MSG_PEEK))

    return read, lambda v: os.write(other, b"1")


@eager("it calls getrecursionlimit, which may give anything")
def how_deep_calls_may_go() -> Made:
    return lambda x: x * float(sys.getrecursionlimit()), lambda v: None


@eager("it calls active_count, which may give anything")
def how_many_threads_run() -> Made:
    return lambda x: x * float(threading.active_count()), lambda v: None


@eager("it calls get_num_threads, which may give anything")
def how_many_threads_compute() -> Made:
    return lambda x: x * float(fastnn.get_num_threads()), lambda v: None


@eager("it calls geterr, which may give anything")
def what_numpy_does_about_errors() -> Made:
    return lambda x: x * float(len(np.geterr())), lambda v: None


@reads
def errors_that_numpy_leaves_out() -> Made:
    def scaled(x: Tensor) -> Tensor:
        with np.errstate(all="ignore"):
            return x * held[0]

    held = [1.0]
    return scaled, lambda v: held.__setitem__(0, v)


TIME = "it reads the time, which a replay would not repeat"


@eager(TIME)
def the_clock() -> Made:
    return lambda x: x * (1.0 if time.monotonic() > 0 else 2.0), lambda v: None


@eager(TIME)
def the_date() -> Made:
    return lambda x: x * float(dt.datetime.now(tz=dt.UTC).year), lambda v: None


@eager("it calls _getframe, which may give anything")
def the_stack() -> Made:
    return lambda x: x * sys._getframe().f_globals["GLOBAL"], set_global


@eager("it calls currentframe, which may give anything")
def the_stack_that_is_inspected() -> Made:
    return lambda x: x * inspect.currentframe().f_globals["GLOBAL"], set_global  # type: ignore[union-attr]


@eager("it reads __globals__, through which it may read anything")
def globals_of_a_function() -> Made:
    return lambda x: x * set_global.__globals__["GLOBAL"], set_global


@eager("it calls import_module, which may give anything")
def a_module_of_a_computed_name() -> Made:
    return lambda x: x * importlib.import_module("test_" + "compiled_reads").GLOBAL, lambda v: None


@eager("it reads sys.modules, through which it may read anything")
def a_module_among_all() -> Made:
    return lambda x: x * sys.modules[__name__].GLOBAL, set_global


@eager("it calls get_objects, which may give anything")
def all_objects() -> Made:
    return lambda x: x * float(min(len(gc.get_objects()), 2)), lambda v: None


@eager("it reads held, a WeakSet, whose items may go at any moment")
def a_weak_set() -> Made:
    kept = [Plain() for _ in range(9)]
    held = weakref.WeakSet(kept)
    return lambda x: x * float(len(held)), lambda v: kept.pop()


@reads
def the_environment() -> Made:
    os.environ["SCALE_OF_A_TEST"] = "1"
    return lambda x: x * float(os.environ["SCALE_OF_A_TEST"]), lambda v: os.environ.update(SCALE_OF_A_TEST=str(v))


@reads
def a_variable_of_the_environment() -> Made:
    os.environ["SCALE_OF_A_TEST"] = "1"
    get = os.getenv
    return lambda x: x * float(get("SCALE_OF_A_TEST", "3")), lambda v: os.environ.update(SCALE_OF_A_TEST=str(v))


@reads
def arguments_of_the_process() -> Made:
    return lambda x: x * float(len(sys.argv)), lambda v: sys.argv.append("more")


@reads
def a_function_of_a_library_that_is_replaced() -> Made:
    return lambda x: functional.relu(x) * math.sqrt(4.0), lambda v: setattr(math, "sqrt", lambda x, v=v: v)


@reads
def a_partial_method() -> Made:
    class Own:
        value = 1.0

        def scaled(self, x: Tensor, by: float) -> Tensor:
            return x * by * self.value

        twice = functools.partialmethod(scaled, by=2.0)

    own = Own()
    return lambda x: own.twice(x), lambda v: setattr(own, "value", v)


@reads
def a_method_for_each_type() -> Made:
    class Own:
        value = 1.0

        @functools.singledispatchmethod
        def scale(self, kind: object) -> float:
            return 1.0

        @scale.register
        def _(self, kind: int) -> float:
            return self.value

    own = Own()
    return lambda x: x * own.scale(3), lambda v: setattr(own, "value", v)


@reads
def a_logger_that_speaks() -> Made:
    logger, held = logging.getLogger("of a test that speaks"), [1.0]
    logger.addHandler(logging.NullHandler())

    def scaled(x: Tensor) -> Tensor:
        logger.info("a step")
        logger.error("of %s", held[0])
        return x * held[0]

    return scaled, lambda v: held.__setitem__(0, v)


@reads
def a_hook_of_a_leaf() -> Made:
    weight, held = Tensor(np.ones(2, np.float32), requires_grad=True), [1.0]
    weight.register_hook(lambda gradient: gradient * held[0])
    return lambda x: fastnn.grad((x * weight).sum(), [weight])[0], lambda v: held.__setitem__(0, v)


@reads
def a_hook_that_comes_and_goes() -> Made:
    weight = Tensor(np.ones(2, np.float32), requires_grad=True)
    hooks: list[Any] = []

    def change(value: float) -> None:
        while hooks:
            hooks.pop().remove()
        if value % 2:
            hooks.append(weight.register_hook(lambda gradient: gradient * value))

    return lambda x: fastnn.grad((x * weight).sum(), [weight])[0], change


@reads
def what_only_the_first_call_takes_from_outside() -> Made:
    held = [1.0]

    @functools.cache
    def table() -> float:
        return float(len(os.urandom(2))) + float(Path(os.devnull).exists())

    return lambda x: x * table() * held[0], lambda v: held.__setitem__(0, v)


@reads
def a_warning_and_a_print() -> Made:
    held = [1.0]

    def scaled(x: Tensor) -> Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda *told: None
            warnings.warn("of a test", UserWarning, stacklevel=1)
        print(end="")
        return x * held[0]

    return scaled, lambda v: held.__setitem__(0, v)


@eager("it calls eval, which may give anything")
def a_text() -> Made:
    return lambda x: x * eval("GLOBAL"), set_global


@reads
def a_special_method() -> Made:
    class Called:
        def __call__(self, x: Tensor) -> Tensor:
            return x * 1.0

    called = Called()
    return lambda x: called(x), lambda v: setattr(Called, "__call__", lambda self, x: x * v)


@reads
def a_special_method_that_was_not_there() -> Made:
    class Base:
        def __getitem__(self, index: int) -> float:
            return 1.0

    class Derived(Base):
        pass

    derived = Derived()
    return lambda x: x * derived[0], lambda v: setattr(Derived, "__getitem__", lambda self, index: v)


def two_classes() -> tuple[type, type]:
    return type("One", (), {"value": 1.0}), type("Five", (), {"value": 5.0})


@reads
def the_class_of_an_object() -> Made:
    classes = two_classes()
    held = classes[0]()
    return lambda x: x * held.value, lambda v: setattr(held, "__class__", classes[int(v) % 2])


@reads
def the_bases_of_a_class() -> Made:
    classes = two_classes()

    class Derived(classes[0]):  # type: ignore[misc]
        pass

    held = Derived()
    return lambda x: x * held.value, lambda v: setattr(Derived, "__bases__", (classes[int(v) % 2],))


@reads
def an_attribute_of_a_metaclass() -> Made:
    class Meta(type):
        scale = 1.0

    class Made(metaclass=Meta):
        pass

    return lambda x: x * Made.scale, lambda v: setattr(Meta, "scale", v)


@reads
def a_view_of_a_dictionary() -> Made:
    table = {"a": 1.0}
    values, items = table.values(), table.items()
    return lambda x: x * sum(values) + dict(items)["a"], lambda v: table.__setitem__("a", v)


@reads
def a_function_for_each_type() -> Made:
    @functools.singledispatch
    def scale(kind: object) -> float:
        return 1.0

    return lambda x: x * scale(3), lambda v: scale.register(int, lambda kind: v)


@reads
def a_name_among_the_builtins() -> Made:
    builtins.scale_of_a_test = 1.0  # type: ignore[attr-defined]
    return (
        lambda x: x * scale_of_a_test,  # type: ignore[name-defined]  # noqa: F821
        lambda v: setattr(builtins, "scale_of_a_test", v),
    )


@eager("it reads table, an array of 2 MB that is no Tensor; make it one, or an argument")
def a_large_array() -> Made:
    table = np.ones(1 << 18)
    return lambda x: x * float(table[7]), lambda v: table.__setitem__(7, v)


@eager("is neither an argument, nor registered state")
def an_array_as_it_is() -> Made:
    table = np.ones(2, np.float32)
    return lambda x: x * table, lambda v: table.fill(v)


@pytest.fixture(autouse=True)
def globals_as_they_were() -> Any:
    root, arguments = math.sqrt, list(sys.argv)
    yield
    math.sqrt, sys.argv[:] = root, arguments
    os.environ.pop("SCALE_OF_A_TEST", None)
    set_global(1.0)
    Plain.shared = 1.0
    sys.modules.pop("settings_of_a_test", None)
    vars(builtins).pop("scale_of_a_test", None)


def changed_between_calls(function: Callable[[Tensor], Tensor], change: Change) -> Any:
    compiled = fastnn.compile(function)
    for value in (2.0, 3.0, 4.0, 5.0):
        for call in range(3):
            assert_same_bits(compiled(X).numpy(), function(Tensor(X)).numpy(), f"before {value}, call {call}")
        change(value)
    return compiled


@pytest.mark.parametrize("name", READS)
def test_what_changes_between_calls_is_seen(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert changed_between_calls(*READS[name]()).recorded


@pytest.mark.parametrize("name", EAGER)
def test_what_can_not_be_watched_runs_eagerly(name: str) -> None:
    make, reason = EAGER[name]
    with pytest.warns(RuntimeWarning, match=r"test_compiled_reads.py:\d+: .*" + reason):
        assert not changed_between_calls(*make()).recorded


def test_beside_a_profiler_nothing_is_recorded(tmp_path: Path) -> None:
    """What is taken from outside can't be seen there. Afterwards it can."""
    path = tmp_path / "scale"
    reading = fastnn.compile(lambda x: x * float(path.read_text()))
    pure = fastnn.compile(lambda x: x * 2.0)
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        for value in range(1, 7):
            path.write_text(str(value))
            assert_same_bits(reading(X).numpy(), X * np.float32(value), f"the file has {value}")
            assert_same_bits(pure(X).numpy(), X * np.float32(2), "of no file")
    finally:
        profiler.disable()
    assert not reading.recorded
    assert not pure.recorded
    for _ in range(3):
        pure(X)
    assert pure.recorded


def test_the_collector_rests_until_no_thread_records() -> None:
    """In a child of a fork only the thread that forked counts."""
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        outside = Outside(lambda _: None)
        assert outside.begin()
        inside.set()
        leave.wait()
        outside.end()

    thread = threading.Thread(target=wait)
    thread.start()
    inside.wait()
    try:
        function = fastnn.compile(lambda x: x * 3.0)
        function(X)
        assert not gc.isenabled()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12's, of a fork beside threads
            child = os.fork()
        if child == 0:
            os._exit(int(not gc.isenabled()))
        assert os.waitpid(child, 0)[1] == 0
    finally:
        leave.set()
        thread.join()
    assert gc.isenabled()
    outside = Outside(lambda _: None)
    assert outside.begin()
    asleep = not gc.isenabled()
    outside.end()
    outside.end()
    assert asleep
    assert gc.isenabled()
    gc.disable()
    try:
        fastnn.compile(lambda x: x * 4.0)(X)
        assert not gc.isenabled()
    finally:
        gc.enable()


class Breaking:
    """Raises from the moment that it is broken, for whoever looks."""

    broken = False

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        if self.broken:
            raise ImportError("no more")
        return Breaking


def test_an_object_that_can_no_longer_be_looked_into() -> None:
    thing = Breaking()
    function = fastnn.compile(lambda x: x * (3.0 if thing.broken else 2.0))
    for _ in range(3):
        assert_same_bits(function(X).numpy(), X * np.float32(2), "before")
    assert function.recorded
    thing.broken = True
    with pytest.warns(RuntimeWarning, match="which raises ImportError when it is looked into"):
        assert_same_bits(function(X).numpy(), X * np.float32(3), "after")


def of_many(x: Tensor) -> Tensor:
    return x * 2 if x.shape[0] > 4 else x * 3


def of_long(x: Tensor) -> Tensor:
    y = x + 1
    return y * 2 if len(y) > 4 else y * 3


def a_quarter(x: Tensor) -> Tensor:
    return x[: x.shape[0] // 4]


def by_size(x: Tensor) -> Tensor:
    return x * (1.0 if x.size > 8 else 2.0)


def odd(x: Tensor) -> Tensor:
    return x * float(x.shape[0] % 2)


def at_most_five(x: Tensor) -> Tensor:
    return x[: min(5, len(x))]


@pytest.mark.parametrize("function", [of_many, of_long, a_quarter, by_size, odd, at_most_five])
def test_python_may_branch_on_the_batch_size(function: Callable[[Tensor], Tensor]) -> None:
    compiled = fastnn.compile(function)
    for size in [9, 8, 9, 8, 16, 3, 2, 8, 5, 6, 7, 12] * 2 + list(range(2, 40)) + [9, 8, 16, 3]:
        x = np.arange(size * 2, dtype=np.float32).reshape(size, 2)
        assert_same_bits(compiled(x).numpy(), function(Tensor(x)).numpy(), str(size))


class OnSmallBatches(fastnn.layers.Layer):
    def call(self, inputs: Tensor) -> Tensor:
        return inputs * 2 if inputs.shape[0] > 4 else inputs * 3


def test_layers_of_ones_own_may_branch_on_the_batch_size() -> None:
    for layer in (OnSmallBatches(), fastnn.layers.Lambda(lambda x: x * 2 if len(x) > 4 else x * 3)):
        model = fastnn.Sequential([fastnn.Input((2,)), layer])
        for size in [9, 8, 9, 8, 16, 3, 2, 8, 3, 2, 3]:
            x = np.ones((size, 2), np.float32)
            want = 2 if size > 4 else 3
            assert (model.predict(x, batch_size=64) == want).all(), size
            with fastnn.no_grad():
                assert (model(x).numpy() == want).all(), size
        assert model._predict_step.recorded


def test_arguments_in_the_memory_of_state() -> None:
    """A state that nothing reads later is written at the end of a program; here the argument reads it."""
    weight = Tensor(np.ones(3, np.float32))

    def count(x: Tensor) -> Tensor:
        weight.add_(1)
        return x * 2

    compiled = fastnn.compile(count)
    with pytest.warns(RuntimeWarning, match="an argument shares memory with state that the step writes"):
        got = [compiled(weight).tolist()[0] for _ in range(4)]
    assert got == [4, 6, 8, 10]
    other = fastnn.compile(count)
    for _ in range(3):
        other(np.zeros(3, np.float32))
    assert other.recorded
    with pytest.warns(RuntimeWarning, match="an argument shares memory with state that the step writes"):
        got = [other(weight).tolist()[0] for _ in range(3)]
    assert got == [18, 20, 22]


# ---- random functions ------------------------------------------------------------------------------------------------

KINDS = ("list", "dict", "plain", "slots", "namespace", "deque")


def wrapped(kind: str, value: Any) -> tuple[Any, str, Callable[[Any], Any]]:
    """Something that holds a value, the code that reads it, and what puts another one there."""
    if kind == "list":
        items = [0.5, value]
        return items, "[1]", lambda v: items.__setitem__(1, v)
    if kind == "dict":
        table = {"k": value, 3: 0.5}
        return table, "['k']", lambda v: table.__setitem__("k", v)
    if kind == "deque":
        queue = collections.deque([value], maxlen=3)
        return queue, "[-1]", queue.append
    held = {"plain": Plain, "slots": Slots, "namespace": types.SimpleNamespace}[kind]()
    held.value = value
    return held, ".value", lambda v: setattr(held, "value", v)


@st.composite
def leaves(draw: st.DrawFn) -> tuple[Any, str, Callable[[float], Any] | None]:
    kind = draw(st.sampled_from(["float", "int", "array", "tensor", "tuple"]))
    if kind == "array":
        numbers = np.ones(2)
        return numbers, ".item(1)", lambda v: numbers.__setitem__(1, v)
    if kind == "tensor":
        tensor = Tensor(np.ones(2, np.float32))
        return tensor, "", lambda v: tensor.assign(np.full(2, v, np.float32))
    return {"float": 1.0, "int": 1, "tuple": (1.0, 2.0)}[kind], "[0]" if kind == "tuple" else "", None


TEXTS = {
    "global": "def make({names}):\n    globals().update(locals())\n"
    "    def f(x):\n        return x{terms}\n    return f",
    "closure": "def make({names}):\n    def f(x):\n        return x{terms}\n    return f",
    "default": "def make({names}):\n    def f(x, {defaults}):\n        return x{terms}\n    return f",
    "self": "class Own:\n    def f(self, x):\n        return x{of_self}\n"
    "def make({names}):\n    own = Own()\n    own.__dict__.update(locals())\n    return own.f",
}


@settings(max_examples=60)
@given(
    st.lists(st.tuples(leaves(), st.lists(st.sampled_from(KINDS), max_size=3)), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 4), st.sampled_from([0.0, -0.0, 2, 2.0, 0.5, -3.0])), max_size=12
    ),
    st.sampled_from(sorted(TEXTS)),
)
def test_random_functions_of_things_that_change(
    parts: list[Any], changes: list[tuple[int, int, float]], where: str
) -> None:
    roots: dict[str, Any] = {}
    terms: list[str] = []
    writers: list[Callable[[float], Any]] = []
    for number, ((value, code, write), kinds) in enumerate(parts):
        if write is not None:
            writers.append(write)
        pair, held = isinstance(value, tuple), value
        for depth, kind in enumerate(kinds):
            held, read, put = wrapped(kind, held)
            code = read + code
            if write is None and depth == 0:
                writers.append(lambda v, put=put, pair=pair: put((v, v) if pair else v))
        roots[f"r{number}"] = held
        terms.append(f"r{number}{code}")
    text = TEXTS[where].format(
        names=", ".join(roots),
        defaults=", ".join(f"{name}={name}" for name in roots),
        terms="".join(f" * {term}" for term in terms),
        of_self="".join(f" * self.{term}" for term in terms),
    )
    space: dict[str, Any] = {}
    exec(text, space)
    function = space["make"](**roots)
    compiled = fastnn.compile(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for which, calls, value in [(0, 3, 1.0), *changes, (0, 3, 2.0)]:
            if writers:
                writers[which % len(writers)](value)
            for _ in range(calls):
                assert_same_bits(compiled(X).numpy(), function(Tensor(X)).numpy(), text)
    assert compiled.recorded
