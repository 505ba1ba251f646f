// module.cpp: the extension fastnn._core. Each register_* adds one group; nothing else in the tree knows pybind11.
#include "bindings/array.h"
#include "bindings/gil.h"

PYBIND11_MODULE(_core, module) {
  using namespace fastnn::bindings;
  module.doc() = "The C ABI of fastnn for Python.";
  register_exit();
  register_array(module);
  register_ops(module);
  register_program(module);
  register_machine(module);
}
