// array.h: the Python object that holds a tensor, and what other binding files need to call the C ABI with it.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "fastnn/fastnn.h"
#include "fastnn/program.h"

namespace fastnn::bindings {

namespace py = pybind11;

// Raises the Python exception that belongs to a status other than FASTNN_OK.
void check(fastnn_status status);

struct StorageRelease {
  void operator()(fastnn_storage* storage) const { fastnn_storage_release(storage); }
};
using StorageHandle = std::unique_ptr<fastnn_storage, StorageRelease>;

// A tensor and a share of its storage. Never mutated once made, but for its content.
class Array {
 public:
  Array(const fastnn_tensor& tensor, StorageHandle storage, bool constant = false);

  // Memory of its own, with the shape and dtype of t.
  static std::shared_ptr<Array> allocate(fastnn_tensor t);
  // A shape and a dtype without memory.
  static std::shared_ptr<Array> abstract(fastnn_tensor t);
  // Another view of this array's memory.
  std::shared_ptr<Array> view(const fastnn_tensor& description) const;

  fastnn_tensor tensor;
  bool constant;

 private:
  StorageHandle storage_;
};
using ArrayPointer = std::shared_ptr<Array>;

// A number cell; see fastnn_scalar.
class Scalar {
 public:
  Scalar(const py::object& initial, const std::string& kind);
  py::object value() const;
  void set_value(const py::object& value);
  bool is_float() const { return is_float_; }

  fastnn_scalar cell{};

 private:
  bool is_float_;
};

// A Python number, or TypeError and ValueError in the form "Scalar: expected an integer for value, got 1.5". Truth is
// Python's or NumPy's True or False.
int64_t to_int(const char* who, const char* argument, py::handle value);
double to_float(const char* who, const char* argument, py::handle value);
bool to_bool(const char* who, const char* argument, py::handle value);

fastnn_dtype dtype_from_numpy(const py::dtype& dtype);
py::dtype dtype_to_numpy(fastnn_dtype dtype);
fastnn_device device_from_name(const std::string& name);
std::string device_to_name(fastnn_device device);
py::tuple shape_tuple(const fastnn_tensor& tensor);

// The context of the calling thread: what it records into, and the switches.
fastnn_context thread_context(fastnn_device device);
// Sets what the calling thread records into; returns what it was.
fastnn_recorder* exchange_recorder(fastnn_recorder* recorder);
fastnn_recorder* current_recorder();
// After an op failed under the calling thread's recorder: whether that is because it may not be part of the step, and
// the recorder's owner goes on without recording. The op may be run again then.
bool recording_given_up(const fastnn_recorder* recorder);
// After ops ran: lets the recorder remember where in the user's code they were called.
void note_recorded(const fastnn_recorder* recorder);
void set_batch_invariant(bool on);
bool batch_invariant();
void set_precision(int32_t precision);  // fastnn_precision, of the process
int32_t precision();                    // of the calling thread, or of the process when the thread has none
constexpr int32_t kPrecisionOfProcess = -1;
// Sets the precision of the calling thread; returns what it was.
int32_t exchange_precision(int32_t precision);
void set_convolution(int32_t algorithm);  // fastnn_convolution
int32_t convolution();

void register_array(py::module_& module);
void register_ops(py::module_& module);
void register_program(py::module_& module);
void register_machine(py::module_& module);

}  // namespace fastnn::bindings
