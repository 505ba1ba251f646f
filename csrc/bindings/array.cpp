// array.cpp: arrays between Python and the engine: NumPy, DLPack through NumPy, the buffer protocol.
#include "bindings/array.h"

#include <pybind11/stl.h>

#include <atomic>
#include <cstring>

#include "fastnn/plugin.h"

namespace fastnn::bindings {
namespace {

thread_local fastnn_recorder* recorder_of_thread = nullptr;
thread_local int32_t precision_of_thread = kPrecisionOfProcess;
std::atomic<bool> batch_invariant_switch{false};
std::atomic<int32_t> precision_switch{FASTNN_PRECISION_FLOAT32}, convolution_switch{FASTNN_CONVOLUTION_BEST};

size_t byte_count(const fastnn_tensor& t) {
  size_t bytes = t.dtype.bits / 8;
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    if (__builtin_mul_overflow(bytes, static_cast<size_t>(t.shape[axis]), &bytes)) {
      throw py::value_error("Array: the size exceeds the address space");
    }
  }
  return bytes;
}

bool is_contiguous(const fastnn_tensor& t) {
  int64_t expected = 1;
  for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
    if (t.shape[axis] == 0) return true;
    if (t.shape[axis] != 1 && t.strides[axis] != expected) return false;
    expected *= t.shape[axis];
  }
  return true;
}

void make_contiguous(fastnn_tensor& t) {
  t.byte_offset = 0;
  t.flags = 0;
  int64_t stride = 1;
  for (int32_t axis = t.rank - 1; axis >= 0; --axis) {
    t.strides[axis] = stride;
    if (t.shape[axis] > 1) stride *= t.shape[axis];
  }
}

// A description of an array to make.
fastnn_tensor description(const char* what, const std::vector<int64_t>& shape, const py::dtype& dtype,
                          const std::string& device) {
  fastnn_tensor t{};
  t.struct_size = sizeof(fastnn_tensor);
  t.dtype = dtype_from_numpy(dtype);
  t.device = device_from_name(device);
  if (shape.size() > FASTNN_MAX_RANK) throw py::value_error(std::string(what) + ": too many dimensions");
  t.rank = static_cast<int32_t>(shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] < 0) throw py::value_error(std::string(what) + ": expected sizes of at least 0");
    t.shape[axis] = shape[axis];
  }
  return t;
}

void require_cpu(const Array& array, const char* what) {
  if (array.tensor.device.type == FASTNN_CPU) return;
  throw py::type_error(std::string(what) + ": the array is on " + device_to_name(array.tensor.device) +
                       "; copy it with .to(\"cpu\") first");
}

// An array that only stands for a shape has nothing to show.
void require_data(const fastnn_tensor& t, const char* what) {
  if (t.storage != nullptr && (t.flags & FASTNN_ABSTRACT) == 0) return;
  throw py::value_error(std::string(what) + ": the array stands for a shape only");
}

char* first_byte(const fastnn_tensor& t) { return static_cast<char*>(t.data) + t.byte_offset; }

fastnn_tensor describe(const py::array& array, const char* what) {
  if (array.ndim() > FASTNN_MAX_RANK) {
    throw py::value_error(std::string(what) + ": expected at most " + std::to_string(FASTNN_MAX_RANK) +
                          " dimensions, got " + std::to_string(array.ndim()));
  }
  fastnn_tensor t{};
  t.struct_size = sizeof(fastnn_tensor);
  t.dtype = dtype_from_numpy(array.dtype());
  t.device = {FASTNN_CPU, 0};
  t.rank = static_cast<int32_t>(array.ndim());
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    t.shape[axis] = array.shape(axis);
    t.strides[axis] = array.strides(axis) / array.itemsize();
  }
  return t;
}

// The array, or a contiguous copy, for which memory may lack: pybind11's `ensure` would give NULL for that.
py::array contiguous_array(const py::array& source) {
  PyObject* made =
      py::detail::npy_api::get().PyArray_FromAny_(source.ptr(), nullptr, 0, 0, py::array::c_style, nullptr);
  if (made == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::array>(made);
}

// A new array with the values of a NumPy array, on a device.
ArrayPointer copy_from_numpy(const py::array& source, const std::string& device) {
  const py::array contiguous = contiguous_array(source);
  fastnn_tensor t = describe(contiguous, "Array");
  t.device = device_from_name(device);
  ArrayPointer array = Array::allocate(t);
  check(fastnn_copy_from_host(&array->tensor, contiguous.data(), static_cast<size_t>(contiguous.nbytes())));
  return array;
}

// Shares the memory of an element-aligned NumPy array in native byte order.
ArrayPointer wrap_numpy(const py::array& source) {
  fastnn_tensor t = describe(source, "Array");
  const auto address = reinterpret_cast<uintptr_t>(source.data());
  const size_t item = static_cast<size_t>(source.itemsize());
  bool aligned = source.size() == 0 || address % item == 0;
  for (int32_t axis = 0; axis < t.rank; ++axis) aligned = aligned && source.strides(axis) % source.itemsize() == 0;
  if (!aligned) throw py::value_error("Array: expected an array aligned to its elements");
  if (!source.writeable()) t.flags = FASTNN_READ_ONLY;
  t.data = const_cast<void*>(source.data());
  PyObject* owner = source.ptr();
  Py_INCREF(owner);
  fastnn_storage* storage = nullptr;
  const auto release = [](void* object) {
    // the interpreter may be gone when a daemon thread drops the last share
    if (Py_IsInitialized() == 0) return;
    const py::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject*>(object));
  };
  const fastnn_status status =
      fastnn_storage_wrap({FASTNN_CPU, 0}, t.data, static_cast<size_t>(source.nbytes()), release, owner, &storage);
  if (status != FASTNN_OK) Py_DECREF(owner);
  check(status);
  fastnn_storage_expose(storage);  // to whoever has the array
  return std::make_shared<Array>(t, StorageHandle(storage));
}

py::array to_numpy(const py::object& self, bool writeable) {
  const Array& array = self.cast<const Array&>();
  const fastnn_tensor& t = array.tensor;
  require_data(t, "Array.numpy");
  if (t.device.type != FASTNN_CPU) {
    py::array copy(dtype_to_numpy(t.dtype), std::vector<py::ssize_t>(t.shape, t.shape + t.rank));
    if (!is_contiguous(t))
      throw py::value_error("Array.numpy: expected a contiguous array on " + device_to_name(t.device));
    check(fastnn_copy_to_host(copy.mutable_data(), &t, byte_count(t)));
    return copy;
  }
  std::vector<py::ssize_t> shape(t.shape, t.shape + t.rank);
  std::vector<py::ssize_t> strides(t.strides, t.strides + t.rank);
  for (py::ssize_t& stride : strides) stride *= t.dtype.bits / 8;
  py::array view(dtype_to_numpy(t.dtype), shape, strides, first_byte(t), self);
  if (!writeable || (t.flags & FASTNN_READ_ONLY) != 0) {
    py::detail::array_proxy(view.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  }
  return view;
}

ArrayPointer to_device(const py::object& self, const std::string& name) {
  const Array& array = self.cast<const Array&>();
  if (device_to_name(array.tensor.device) == name) return self.cast<ArrayPointer>();
  return copy_from_numpy(to_numpy(self, false), name);
}

void write(Array& array, const py::array& source) {
  if (current_recorder() != nullptr) {
    throw std::runtime_error(
        "write: a step is being recorded, and its replay would not repeat this; write state by ops");
  }
  const fastnn_tensor described = describe(source, "write");
  const fastnn_tensor& t = array.tensor;
  if (py::dtype(source.dtype()).num() != dtype_to_numpy(t.dtype).num()) {
    throw py::type_error("write: expected " + py::str(dtype_to_numpy(t.dtype)).cast<std::string>() + ", got " +
                         py::str(source.dtype()).cast<std::string>());
  }
  bool same = described.rank == t.rank;
  for (int32_t axis = 0; same && axis < t.rank; ++axis) same = described.shape[axis] == t.shape[axis];
  if (!same) {
    throw py::value_error("write: expected " + py::str(shape_tuple(t)).cast<std::string>() + ", got " +
                          py::str(shape_tuple(described)).cast<std::string>());
  }
  const py::array contiguous = contiguous_array(source);
  check(fastnn_copy_from_host(&array.tensor, contiguous.data(), static_cast<size_t>(contiguous.nbytes())));
}

}  // namespace

void check(fastnn_status status) {
  const char* message = fastnn_last_error();
  switch (status) {
    case FASTNN_OK:
      return;
    case FASTNN_INVALID_VALUE:
      throw py::value_error(message);
    case FASTNN_INVALID_TYPE:
      throw py::type_error(message);
    case FASTNN_INVALID_INDEX:
      throw py::index_error(message);
    case FASTNN_OUT_OF_MEMORY:
      PyErr_SetString(PyExc_MemoryError, message);
      throw py::error_already_set();
    default:
      throw std::runtime_error(message);
  }
}

Array::Array(const fastnn_tensor& t, StorageHandle storage, bool is_constant)
    : tensor(t), constant(is_constant), storage_(std::move(storage)) {
  tensor.storage = storage_.get();
  tensor.identity = fastnn_new_identity();
}

ArrayPointer Array::allocate(fastnn_tensor t) {
  fastnn_storage* storage = nullptr;
  check(fastnn_storage_create(t.device, byte_count(t), &storage));
  StorageHandle handle(storage);
  make_contiguous(t);
  t.data = fastnn_storage_data(storage);
  return std::make_shared<Array>(t, std::move(handle));
}

ArrayPointer Array::abstract(fastnn_tensor t) {
  byte_count(t);
  fastnn_storage* storage = nullptr;  // of no bytes: views share it
  check(fastnn_storage_create(t.device, 0, &storage));
  make_contiguous(t);
  t.data = nullptr;
  t.flags = FASTNN_ABSTRACT;
  return std::make_shared<Array>(t, StorageHandle(storage));
}

ArrayPointer Array::view(const fastnn_tensor& description) const {
  fastnn_tensor t = description;
  t.data = tensor.data;
  t.flags = tensor.flags;
  fastnn_storage_retain(storage_.get());
  return std::make_shared<Array>(t, StorageHandle(storage_.get()));
}

Scalar::Scalar(const py::object& initial, const std::string& kind) : is_float_(kind == "float") {
  if (kind != "int" && kind != "float")
    throw py::value_error("Scalar: expected kind 'int' or 'float', got '" + kind + "'");
  cell.struct_size = sizeof(cell);
  cell.identity = fastnn_new_identity();
  set_value(initial);
}

py::object Scalar::value() const {
  if (is_float_) return py::float_(cell.value.number);
  return py::int_(cell.value.integer);
}

void Scalar::set_value(const py::object& value) {
  if (is_float_) {
    cell.value.number = to_float("Scalar", "value", value);
  } else {
    cell.value.integer = to_int("Scalar", "value", value);
  }
}

int64_t to_int(const char* who, const char* argument, py::handle value) {
  // __index__ admits NumPy's integers and refuses floats
  const py::object number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!number) {
    PyErr_Clear();
    throw py::type_error(std::string(who) + ": expected an integer for " + argument + ", got " +
                         py::repr(value).cast<std::string>());
  }
  const int64_t result = PyLong_AsLongLong(number.ptr());
  if (result == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    throw py::value_error(std::string(who) + ": expected " + argument + " in [-2**63, 2**63), got " +
                          py::repr(value).cast<std::string>());
  }
  return result;
}

double to_float(const char* who, const char* argument, py::handle value) {
  const double result = PyFloat_AsDouble(value.ptr());
  if (result == -1.0 && PyErr_Occurred() != nullptr) {
    const bool too_large = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
    PyErr_Clear();
    const std::string got = ", got " + py::repr(value).cast<std::string>();
    if (too_large) throw py::value_error(std::string(who) + ": expected " + argument + " within float64" + got);
    throw py::type_error(std::string(who) + ": expected a number for " + argument + got);
  }
  return result;
}

bool to_bool(const char* who, const char* argument, py::handle value) {
  constexpr bool kConvert = false;  // what merely counts as true or false
  py::detail::make_caster<bool> truth;
  if (!truth.load(value, kConvert)) {
    throw py::type_error(std::string(who) + ": expected " + argument + " to be a bool, got " +
                         py::repr(value).cast<std::string>());
  }
  return py::detail::cast_op<bool>(truth);
}

fastnn_dtype dtype_from_numpy(const py::dtype& dtype) {
  if (!py::cast<bool>(dtype.attr("isnative"))) {
    throw py::type_error("fastnn: expected native byte order, got dtype " + py::str(dtype).cast<std::string>());
  }
  const py::ssize_t size = dtype.itemsize();
  switch (dtype.kind()) {
    case 'f':
      if (size == 4) return {FASTNN_FLOAT, 32, 1};
      if (size == 8) return {FASTNN_FLOAT, 64, 1};
      break;
    case 'i':
      if (size == 4) return {FASTNN_INT, 32, 1};
      if (size == 8) return {FASTNN_INT, 64, 1};
      break;
    case 'u':
      if (size == 1) return {FASTNN_UINT, 8, 1};
      break;
    case 'b':
      return {FASTNN_BOOL, 8, 1};
    default:
      break;
  }
  throw py::type_error("fastnn: expected dtype float32, float64, int32, int64, uint8 or bool, got " +
                       py::str(dtype).cast<std::string>());
}

py::dtype dtype_to_numpy(fastnn_dtype dtype) {
  switch (dtype.code) {
    case FASTNN_FLOAT:
      return dtype.bits == 64 ? py::dtype::of<double>() : py::dtype::of<float>();
    case FASTNN_INT:
      return dtype.bits == 64 ? py::dtype::of<int64_t>() : py::dtype::of<int32_t>();
    case FASTNN_UINT:
      return py::dtype::of<uint8_t>();
    default:
      return py::dtype::of<bool>();
  }
}

fastnn_device device_from_name(const std::string& name) {
  const size_t colon = name.find(':');
  const std::string type = name.substr(0, colon);
  int32_t index = 0;
  if (colon != std::string::npos) {
    try {
      index = std::stoi(name.substr(colon + 1));
    } catch (const std::exception&) {
      throw py::value_error("device: expected a name like \"cpu\" or \"cuda:0\", got \"" + name + "\"");
    }
  }
  std::string known;
  for (int64_t i = 0; i < fastnn_device_count(); ++i) {
    const fastnn_device_interface* device = fastnn_device_at(i);
    if (type == device->name) return {device->type, index};
    if (!known.empty()) known += ", ";
    known += device->name;
  }
  throw std::runtime_error("device: \"" + name + "\" is not there; available: " + known);
}

std::string device_to_name(fastnn_device device) {
  for (int64_t i = 0; i < fastnn_device_count(); ++i) {
    const fastnn_device_interface* candidate = fastnn_device_at(i);
    if (candidate->type != device.type) continue;
    return device.type == FASTNN_CPU ? candidate->name : candidate->name + (":" + std::to_string(device.index));
  }
  return "device type " + std::to_string(device.type);
}

py::tuple shape_tuple(const fastnn_tensor& tensor) {
  py::tuple shape(static_cast<size_t>(tensor.rank));
  for (int32_t axis = 0; axis < tensor.rank; ++axis) shape[static_cast<size_t>(axis)] = tensor.shape[axis];
  return shape;
}

fastnn_context thread_context(fastnn_device device) {
  fastnn_context context;
  fastnn_context_init(&context, sizeof(context));
  context.device = device;
  context.batch_invariant = batch_invariant_switch.load(std::memory_order_relaxed);
  context.recorder = recorder_of_thread;
  context.precision = precision();
  context.convolution = convolution_switch.load(std::memory_order_relaxed);
  return context;
}

fastnn_recorder* exchange_recorder(fastnn_recorder* recorder) { return std::exchange(recorder_of_thread, recorder); }
fastnn_recorder* current_recorder() { return recorder_of_thread; }
void set_batch_invariant(bool on) { batch_invariant_switch.store(on); }
bool batch_invariant() { return batch_invariant_switch.load(); }
void set_precision(int32_t precision) { precision_switch.store(precision); }
int32_t precision() {
  return precision_of_thread == kPrecisionOfProcess ? precision_switch.load(std::memory_order_relaxed)
                                                    : precision_of_thread;
}
int32_t exchange_precision(int32_t precision) { return std::exchange(precision_of_thread, precision); }
void set_convolution(int32_t algorithm) { convolution_switch.store(algorithm); }
int32_t convolution() { return convolution_switch.load(); }

void register_array(py::module_& module) {
  py::class_<Array, ArrayPointer>(module, "Array", py::buffer_protocol(),
                                  "A tensor with storage on a device. Its shape never changes; its content may.")
      .def_static(
          "from_numpy",
          [](const py::array& source, bool copy, const std::string& device) {
            if (copy || device != "cpu") return copy_from_numpy(source, device);
            return wrap_numpy(source);
          },
          py::arg("source"), py::arg("copy") = true, py::arg("device") = "cpu",
          "An array with the values of a NumPy array; copy=False shares its memory.")
      .def_static(
          "empty",
          [](const std::vector<int64_t>& shape, const py::dtype& dtype, const std::string& device) {
            return Array::allocate(description("Array.empty", shape, dtype, device));
          },
          py::arg("shape"), py::arg("dtype"), py::arg("device") = "cpu", "An array whose content is not set.")
      .def_static(
          "abstract",
          [](const std::vector<int64_t>& shape, const py::dtype& dtype, const std::string& device) {
            return Array::abstract(description("Array.abstract", shape, dtype, device));
          },
          py::arg("shape"), py::arg("dtype"), py::arg("device") = "cpu",
          "A shape and a dtype without memory: ops on it describe their results, abstract ones again.")
      .def_property_readonly("is_abstract", [](const Array& a) { return (a.tensor.flags & FASTNN_ABSTRACT) != 0; })
      .def_property_readonly("shape", [](const Array& a) { return shape_tuple(a.tensor); })
      .def_property_readonly("strides",
                             [](const Array& a) {
                               py::tuple strides(static_cast<size_t>(a.tensor.rank));
                               for (int32_t axis = 0; axis < a.tensor.rank; ++axis) {
                                 strides[static_cast<size_t>(axis)] = a.tensor.strides[axis];
                               }
                               return strides;
                             })
      .def_property_readonly("dtype", [](const Array& a) { return dtype_to_numpy(a.tensor.dtype); })
      .def_property_readonly("device", [](const Array& a) { return device_to_name(a.tensor.device); })
      .def_property_readonly("nbytes", [](const Array& a) { return byte_count(a.tensor); })
      .def_property_readonly(
          "version",
          [](const Array& a) { return a.tensor.storage == nullptr ? 0 : fastnn_storage_version(a.tensor.storage); })
      .def_property_readonly("storage", [](const Array& a) { return reinterpret_cast<uintptr_t>(a.tensor.storage); })
      .def_property_readonly("references", [](const Array& a) { return fastnn_storage_references(a.tensor.storage); })
      .def(
          "alias", [](const Array& a) { return a.view(a.tensor); }, "Another array of the same memory.")
      .def_property_readonly("identity", [](const Array& a) { return a.tensor.identity; })
      .def_property_readonly("address",
                             [](const Array& a) { return reinterpret_cast<uintptr_t>(first_byte(a.tensor)); })
      .def_property_readonly("is_contiguous", [](const Array& a) { return is_contiguous(a.tensor); })
      .def_property_readonly("is_constant", [](const Array& a) { return a.constant; })
      .def(
          "constant",
          [](const Array& a) {
            ArrayPointer same = a.view(a.tensor);
            same->constant = true;
            return same;
          },
          "A view of this array that may be frozen into a program.")
      .def_property_readonly(
          "shape_only",
          [](const Array& a) {
            fastnn_tensor t = a.tensor;
            t.data = nullptr;
            auto described = std::make_shared<Array>(t, StorageHandle());
            described->tensor.identity = a.tensor.identity;
            return described;
          },
          "The same value for ops that look at its shape only; keeps no memory alive.")
      .def("shares_storage", [](const Array& a, const Array& b) { return a.tensor.storage == b.tensor.storage; })
      .def(
          "numpy", [](const py::object& self, bool writeable) { return to_numpy(self, writeable); },
          py::arg("writeable") = false, "A NumPy view; a copy for other devices than the CPU.")
      .def("to", &to_device, py::arg("device"), "This array, or a copy of it on another device.")
      .def("write", &write, py::arg("source"), "Overwrites the content and raises the version.")
      .def(
          "__array__",
          [](const py::object& self, const py::object& dtype, const py::object& copy) {
            require_cpu(self.cast<const Array&>(), "__array__");
            py::object view = to_numpy(self, false);
            if (!dtype.is_none() && !dtype.equal(view.attr("dtype"))) return py::object(view.attr("astype")(dtype));
            if (!copy.is_none() && copy.cast<bool>()) return py::object(view.attr("copy")());
            return view;
          },
          py::arg("dtype") = py::none(), py::arg("copy") = py::none())
      .def("__dlpack__",
           [](const py::object& self, const py::kwargs& options) {
             const Array& array = self.cast<const Array&>();
             require_cpu(array, "__dlpack__");
             fastnn_storage_expose(array.tensor.storage);
             return to_numpy(self, true).attr("__dlpack__")(**options);
           })
      .def("__dlpack_device__",
           [](const Array& a) { return py::make_tuple(a.tensor.device.type, a.tensor.device.index); })
      .def_buffer([](Array& a) {
        require_cpu(a, "buffer");
        require_data(a.tensor, "buffer");
        const py::dtype dtype = dtype_to_numpy(a.tensor.dtype);
        std::vector<py::ssize_t> shape(a.tensor.shape, a.tensor.shape + a.tensor.rank);
        std::vector<py::ssize_t> strides(a.tensor.strides, a.tensor.strides + a.tensor.rank);
        for (py::ssize_t& stride : strides) stride *= dtype.itemsize();
        return py::buffer_info(first_byte(a.tensor), dtype.itemsize(), std::string(1, dtype.char_()), a.tensor.rank,
                               shape, strides, true);
      });

  py::class_<Scalar, std::shared_ptr<Scalar>>(module, "Scalar", "A number that is an input of programs at run time.")
      .def(py::init<const py::object&, const std::string&>(), py::arg("value"), py::arg("kind"))
      .def_property("value", &Scalar::value, &Scalar::set_value)
      .def_property_readonly("kind", [](const Scalar& s) { return s.is_float() ? "float" : "int"; })
      .def("__repr__", [](const Scalar& s) { return "Scalar(" + py::repr(s.value()).cast<std::string>() + ")"; });
}

}  // namespace fastnn::bindings
