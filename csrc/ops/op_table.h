// op_table.h: the op table, keyed (op, device), and one application of an op. The recorder, the C ABI and plug-ins meet
// here.
#pragma once

#include <atomic>
#include <string>

#include "fastnn/fastnn.h"
#include "fastnn/plugin.h"

struct fastnn_op {
  fastnn_schema schema{};
  double (*flops)(const fastnn_call&) = nullptr;  // NULL: one for each element of output 0
  static constexpr int32_t kDeviceTypes = 32;
  std::atomic<const fastnn_implementation*> implementations[kDeviceTypes]{};
};

namespace fastnn {

// Most arguments and attribute slots any one call may have, where a fixed number is handy.
constexpr int64_t kMaxOutputs = 8;
constexpr int64_t kMaxSlots = 64;
// Most tensors a list of fastnn_run_groups may name: far more than models have, so that a number that is no length
// doesn't walk the caller's memory.
constexpr int64_t kMaxListLength = 1 << 20;

// Attributes as the slots of the schema, with the place for struct_size in front.
struct AttributeBlock {
  size_t struct_size = 0;
  int64_t slots[kMaxSlots]{};
};

// "adam_update": the schema argument that flattened input `index` of a call belongs to, and how many tensors each
// variadic argument of the call stands for.
const fastnn_argument_schema& input_schema(const fastnn_schema& schema, int64_t input_count, int64_t index);

// Whether an argument of a layout (fastnn_layout) may lie in memory as t does.
bool accepts(const fastnn_tensor& t, int32_t layout);

const fastnn_implementation& implementation(const fastnn_op& op, int32_t device_type);
const fastnn_op& find_op(const char* name);

// Copies the attributes (or the defaults) and puts the scalars' values in.
AttributeBlock resolve_attributes(const fastnn_schema& schema, const void* attributes,
                                  const fastnn_scalar* const* scalars);

// Runs infer of the implementation; Error on failure.
size_t infer(const fastnn_op& op, const fastnn_call& call);

// Floating-point operations of a call whose outputs infer has described; csrc/ops/schema.toml says what counts.
double flops(const fastnn_op& op, const fastnn_call& call);

// Applies several ops one after the other: all are checked, given their memory and recorded before the first one runs,
// so that no want of memory comes between them.
void apply_all(const fastnn_op* const* ops, const fastnn_call* const* calls, int64_t count);

}  // namespace fastnn

// What hangs in a context to write down what runs; program/recorder.h is the one that makes graphs.
struct fastnn_recorder {
  virtual ~fastnn_recorder() = default;
  // Before any work: refuses, by name, whatever may not be part of the step.
  virtual void check(const fastnn_op& op, const fastnn_call& call) const = 0;
  // After the op succeeded, or, of several applied together, before the first one runs.
  virtual void record(const fastnn_op& op, const fastnn_call& call, const fastnn::AttributeBlock& attributes) = 0;
};
