// register_machine.cpp: version, levels, threads, machine, devices and plug-ins.
#include <pybind11/stl.h>

#include "bindings/array.h"
#include "bindings/gil.h"
#include "fastnn/plugin.h"

namespace fastnn::bindings {
namespace {

py::list levels() {
  const char* active = nullptr;
  const fastnn_status status = fastnn_active_level(&active);
  // when the forced level is not there, the list still says what is
  static_cast<void>(status);
  py::list result;
  for (int64_t i = 0; i < fastnn_level_count(); ++i) {
    fastnn_level_info info{};
    info.struct_size = sizeof(info);
    check(fastnn_level_at(i, &info));
    py::dict level;
    level["name"] = info.name;
    level["available"] = info.available != 0;
    level["active"] = info.active != 0;
    level["reason"] = info.reason;
    result.append(level);
  }
  return result;
}

py::dict machine_info() {
  fastnn_machine_info info{};
  info.struct_size = sizeof(info);
  check(fastnn_get_machine_info(&info));
  py::dict result;
  result["affinity_cpus"] = info.affinity_cpus;
  result["cgroup_cpus"] = info.cgroup_cpus;
  result["memory_bytes"] = info.memory_bytes;
  result["cgroup_memory_bytes"] = info.cgroup_memory_bytes;
  return result;
}

}  // namespace

void register_machine(py::module_& module) {
  module.def("version", [] { return fastnn_version(); }, "The version of the engine.");
  module.def("abi_version", [] { return fastnn_abi_version(); }, "The version of the engine's binary interface.");
  module.def(
      "allocated_bytes", [] { return fastnn_allocated_bytes(); },
      "All bytes that arrays of this process have ever been given.");
  module.def(
      "peak_bytes", [](bool restart) { return fastnn_peak_bytes(restart ? 1 : 0); }, py::arg("restart") = false,
      "The most bytes that arrays and the workspace of ops took at once since the last restart.");
  module.def("live_bytes", [] { return fastnn_live_bytes(); }, "The bytes that arrays take now.");
  module.def("levels", &levels, "The kernel levels, best first: name, available, active, reason.");
  module.def(
      "active_isa",
      [] {
        const char* name = nullptr;
        check(fastnn_active_level(&name));
        return name;
      },
      "The level in use; RuntimeError when FASTNN_ISA names one that this CPU lacks.");
  module.def(
      "set_isa",
      [](const py::object& name) {
        if (!py::isinstance<py::str>(name)) {
          throw py::type_error("set_isa: expected a string for name, got " + py::repr(name).cast<std::string>());
        }
        if (const int threads = computing_threads(); threads > 0) {
          throw std::runtime_error("set_isa: expected no thread to compute, got " + std::to_string(threads) +
                                   " that may read the level at any moment");
        }
        check(fastnn_set_level(name.cast<std::string>().c_str()));
      },
      py::arg("name"), "Forces a level, for tests; RuntimeError while a thread computes.");
  module.def(
      "set_num_threads",
      [](const py::object& count) { check(fastnn_set_num_threads(to_int("set_num_threads", "count", count))); },
      py::arg("count"));
  module.def("get_num_threads", [] {
    const int64_t count = fastnn_get_num_threads();
    if (count < 0) check(FASTNN_INVALID_VALUE);
    return count;
  });
  module.def("set_batch_invariant", &set_batch_invariant, py::arg("on"));
  module.def("batch_invariant", &batch_invariant);
  module.def("set_precision", &set_precision, py::arg("precision"));
  module.def("precision", &precision);
  module.def("exchange_precision", &exchange_precision, py::arg("precision"));
  module.def("set_convolution", &set_convolution, py::arg("algorithm"));
  module.def("convolution", &convolution);
  module.def("machine_info", &machine_info);
  module.def(
      "load_plugin",
      [](const std::string& path) {
        fastnn_status status;
        {
          const Unlocked unlocked;
          status = fastnn_load_plugin(path.c_str());
        }
        check(status);
      },
      py::arg("path"), "Loads a plug-in library.");
  module.def("plugins", [] {
    std::vector<std::string> paths(static_cast<size_t>(fastnn_plugin_count()));
    for (size_t i = 0; i < paths.size(); ++i) paths[i] = fastnn_plugin_at(static_cast<int64_t>(i));
    return paths;
  });
  module.def("devices", [] {
    std::vector<std::string> names;
    for (int64_t i = 0; i < fastnn_device_count(); ++i) {
      const fastnn_device_interface* device = fastnn_device_at(i);
      for (int32_t index = 0; index < device->count; ++index) names.push_back(device_to_name({device->type, index}));
    }
    return names;
  });
}

}  // namespace fastnn::bindings
