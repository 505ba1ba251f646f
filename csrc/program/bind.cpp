// bind.cpp: memory for the state, constants and scalars of a graph, by name.
#include <algorithm>

#include "core/device.h"
#include "program/graph.h"

using namespace fastnn;

extern "C" {

fastnn_status fastnn_graph_bind(fastnn_graph* graph, const char* name, const fastnn_tensor* tensor) {
  return guarded([&] {
    require(graph, "graph_bind", "graph");
    require(name, "graph_bind", "name");
    require(tensor, "graph_bind", name);
    check_fields("graph_bind", name, *tensor);
    for (Value& value : graph->values) {
      const bool kept = value.kind == Value::Kind::state || value.kind == Value::Kind::constant;
      if (!kept || value.name != name) continue;
      fastnn_tensor& t = value.recorded;
      if (!(tensor->dtype == t.dtype)) {
        type_error("graph_bind: expected ", name, " of ", dtype_name(t.dtype), ", got ", dtype_name(tensor->dtype));
      }
      const bool same_strides =
          is_contiguous(t) ? is_contiguous(*tensor) : std::equal(t.strides, t.strides + t.rank, tensor->strides);
      if (!same_shape(*tensor, t) || !same_strides) {
        value_error("graph_bind: expected ", name, " ", shape_text(t), " with strides ", shape_text(t.rank, t.strides),
                    ", got ", shape_text(*tensor), " with ", shape_text(tensor->rank, tensor->strides));
      }
      if (!(tensor->device == graph->device)) {
        value_error("graph_bind: expected ", name, " on ", device_name(graph->device), ", got it on ",
                    device_name(tensor->device));
      }
      if (tensor->storage == nullptr) value_error("graph_bind: ", name, " has no storage");
      if (value.kind == Value::Kind::state && (tensor->flags & FASTNN_READ_ONLY) != 0) {
        value_error("graph_bind: state ", name, " is read-only");
      }
      value.storage = StorageReference::share(tensor->storage);
      t = *tensor;
      return;
    }
    value_error("graph_bind: the graph has no state or constant named ", name);
  });
}

fastnn_status fastnn_graph_bind_scalar(fastnn_graph* graph, const char* name, fastnn_scalar* scalar) {
  return guarded([&] {
    require(graph, "graph_bind_scalar", "graph");
    require(name, "graph_bind_scalar", "name");
    require_struct(scalar, "graph_bind_scalar", name);
    bool found = false;
    for (ScalarInput& known : graph->scalars) {
      // what nodes read once the step has advanced the cell hangs on it too
      const bool advanced = known.offset != 0 && known.name == concat(name, "+", known.offset);
      if (known.name != name && !advanced) continue;
      known.cell = scalar;
      found = true;
    }
    if (!found) value_error("graph_bind_scalar: the graph has no scalar named ", name);
  });
}

}  // extern "C"
