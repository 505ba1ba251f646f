// op_table.cpp: the op table and the one path by which an op is applied: check the call, infer, copy inputs whose strides
// the op does not take, bring workspace, run, record.
#include "ops/op_table.h"

#include <pthread.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/device.h"
#include "core/storage.h"
#include "ops/op.h"
#include "ops/schema.inc"

namespace fastnn {
namespace {

fastnn_status row_infer(const fastnn_call* call, size_t* workspace_size) {
  return guarded([&] { *workspace_size = static_cast<const ops::OpRow*>(call->user_data)->infer(*call); });
}
fastnn_status row_run(const fastnn_call* call) {
  return guarded([&] { static_cast<const ops::OpRow*>(call->user_data)->run(*call); });
}

struct Table;
Table& table();

// Never destroyed, like the devices.
struct Table {
  std::mutex mutex;
  std::deque<fastnn_op> ops;
  std::deque<fastnn_implementation> cpu;
  std::unordered_map<std::string_view, fastnn_op*> by_name;

  Table() {
    // a fork while another thread looks an op up must not leave the child's table locked
    pthread_atfork([] { table().mutex.lock(); }, [] { table().mutex.unlock(); }, [] { table().mutex.unlock(); });
    for (const ops::OpRow& row : ops::op_rows) {
      fastnn_op& op = add(row.schema);
      cpu.push_back({sizeof(fastnn_implementation), row_infer, row_run, const_cast<ops::OpRow*>(&row)});
      op.implementations[FASTNN_CPU].store(&cpu.back(), std::memory_order_release);
    }
  }

  fastnn_op& add(const fastnn_schema& schema) {
    fastnn_op& op = ops.emplace_back();
    op.schema = schema;
    by_name.emplace(op.schema.name, &op);
    return op;
  }
};
Table& table() {
  static Table& instance = *new Table;
  return instance;
}

int64_t variadic_count(const fastnn_schema& schema, int64_t input_count) {
  int64_t variadic = 0;
  int64_t fixed = 0;
  for (int32_t i = 0; i < schema.input_count; ++i) (schema.inputs[i].variadic != 0 ? variadic : fixed) += 1;
  if (variadic == 0) return 0;
  // an absent list stands as nulls, so all have one length
  const int64_t total = input_count - fixed;
  if (total >= 0 && total % variadic == 0) return total / variadic;
  value_error(schema.name, ": expected lists of one length for each variadic argument, got ", input_count, " tensors");
}

void check_tensor(const fastnn_schema& schema, const char* argument, const fastnn_tensor& t, fastnn_device device,
                  bool needs_data) {
  if (t.struct_size < sizeof(fastnn_tensor)) {
    value_error(schema.name, ": ", argument, " was made for another version of fastnn (struct_size ", t.struct_size,
                ")");
  }
  if (t.rank < 0 || t.rank > FASTNN_MAX_RANK) {
    value_error(schema.name, ": expected ", argument, " of rank 0 to ", FASTNN_MAX_RANK, ", got rank ", t.rank);
  }
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    if (t.shape[axis] < 0) value_error(schema.name, ": ", argument, " has a negative size: ", shape_text(t));
  }
  if (!(t.device == device)) {
    value_error(schema.name, ": expected ", argument, " on ", device_name(device), ", got it on ",
                device_name(t.device));
  }
  if (needs_data && t.data == nullptr && element_count(t) > 0) value_error(schema.name, ": ", argument, " has no data");
}

bool accepts(const fastnn_tensor& t, int32_t layout) {
  if (layout == FASTNN_ANY_STRIDES || is_contiguous(t)) return true;
  if (layout == FASTNN_CONTIGUOUS) return false;
  if (t.rank == 0 || t.strides[t.rank - 1] != 1) return false;
  // rows may lie apart, but in order and without overlap
  for (int32_t axis = t.rank - 2; axis >= 0; --axis) {
    if (t.strides[axis] < t.strides[axis + 1] * t.shape[axis + 1]) return false;
  }
  return true;
}

struct ByteRange {
  const char* begin;
  const char* end;
};
ByteRange byte_range(const fastnn_tensor& t) {
  if (element_count(t) == 0 || t.data == nullptr) return {nullptr, nullptr};
  int64_t low = 0;
  int64_t high = 0;
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    const int64_t reach = checked_multiply(t.strides[axis], t.shape[axis] - 1);
    (reach < 0 ? low : high) += reach;
  }
  const char* first = data<char>(t);
  return {first + low * item_size(t.dtype), first + (high + 1) * item_size(t.dtype)};
}

void check_overlap(const fastnn_schema& schema, const char* output, const fastnn_tensor& out, const char* input,
                   const fastnn_tensor& in) {
  const ByteRange a = byte_range(out);
  const ByteRange b = byte_range(in);
  if (a.begin < b.end && b.begin < a.end) {
    value_error(schema.name, ": ", output, " shares memory with ", input, "; give it memory of its own");
  }
}

// Workspace from the context's allocator, or from the device.
class Workspace {
 public:
  Workspace(const fastnn_context& context, size_t bytes)
      : allocator_(context.allocator),
        device_(device_interface(context.device)),
        index_(context.device.index),
        bytes_(bytes) {
    if (bytes == 0) return;
    memory_ = allocator_ != nullptr ? allocator_->allocate(allocator_->self, bytes, 64)
                                    : device_.allocate(device_.self, index_, bytes);
    if (memory_ == nullptr) {
      throw Error(FASTNN_OUT_OF_MEMORY, concat("fastnn: the system refused ", bytes, " bytes of workspace"));
    }
  }
  ~Workspace() {
    if (memory_ == nullptr) return;
    if (allocator_ != nullptr) {
      allocator_->release(allocator_->self, memory_, bytes_);
    } else {
      device_.release(device_.self, index_, memory_, bytes_);
    }
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  void* get() const { return memory_; }

 private:
  const fastnn_allocator* allocator_;
  const fastnn_device_interface& device_;
  int32_t index_;
  size_t bytes_;
  void* memory_ = nullptr;
};

void check_inputs(const fastnn_schema& schema, const fastnn_call& call, bool needs_data) {
  const fastnn_device device = call.context->device;
  for (int64_t i = 0; i < call.input_count; ++i) {
    const fastnn_argument_schema& argument = input_schema(schema, call.input_count, i);
    const fastnn_tensor* t = call.inputs[i];
    if (t == nullptr) {
      if (argument.optional == 0) value_error(schema.name, ": expected ", argument.name, ", got nothing");
      continue;
    }
    check_tensor(schema, argument.name, *t, device, needs_data && argument.role != FASTNN_SHAPE);
    if (argument.role == FASTNN_UPDATE) {
      if ((t->flags & FASTNN_READ_ONLY) != 0) value_error(schema.name, ": ", argument.name, " is read-only");
      if (!is_contiguous(*t))
        value_error(schema.name, ": expected contiguous ", argument.name, ", got strides ",
                    shape_text(t->rank, t->strides));
    }
  }
}

void check_counts(const fastnn_schema& schema, const fastnn_call& call) {
  bool variadic = false;
  for (int32_t i = 0; i < schema.input_count; ++i) variadic = variadic || schema.inputs[i].variadic != 0;
  if (!variadic && call.input_count != schema.input_count) {
    value_error(schema.name, ": expected ", schema.input_count, " inputs, got ", call.input_count);
  }
  if (call.output_count != schema.output_count) {
    value_error(schema.name, ": expected ", schema.output_count, " outputs, got ", call.output_count);
  }
  for (int32_t i = 0; i < schema.output_count; ++i) {
    if (call.outputs[i] == nullptr && schema.outputs[i].optional == 0) {
      value_error(schema.name, ": expected memory for ", schema.outputs[i].name, ", got nothing");
    }
  }
}

// An output in the input's memory is that memory seen as infer says.
void check_view(const fastnn_schema& schema, const fastnn_tensor& in, const fastnn_tensor& out,
                const fastnn_tensor& expected) {
  if (!accepts(in, schema.inputs[0].layout)) {
    value_error(schema.name, ": expected contiguous ", schema.inputs[0].name, " to share its memory");
  }
  bool same = out.byte_offset == expected.byte_offset;
  for (int32_t axis = 0; axis < out.rank; ++axis) same = same && out.strides[axis] == expected.strides[axis];
  if (!same) {
    value_error(schema.name, ": ", schema.outputs[0].name, " shares memory with ", schema.inputs[0].name,
                " under other strides or another offset than infer gives");
  }
}

void check_outputs(const fastnn_schema& schema, const fastnn_call& call, const fastnn_tensor* expected) {
  for (int64_t i = 0; i < call.output_count; ++i) {
    const fastnn_argument_schema& argument = schema.outputs[i];
    const fastnn_tensor* t = call.outputs[i];
    const bool adds = ops::accumulates(call, i);
    if (adds && argument.accumulate == 0) value_error(schema.name, ": can't accumulate into ", argument.name);
    if (t == nullptr) continue;
    check_tensor(schema, argument.name, *t, call.context->device, true);
    if (!(t->dtype == expected[i].dtype)) {
      type_error(schema.name, ": expected ", argument.name, " of ", dtype_name(expected[i].dtype), ", got ",
                 dtype_name(t->dtype));
    }
    if (!same_shape(*t, expected[i])) {
      value_error(schema.name, ": expected ", argument.name, " ", shape_text(expected[i]), ", got ", shape_text(*t));
    }
    if (schema.is_view != 0 && i == 0 && t->data == call.inputs[0]->data) {
      check_view(schema, *call.inputs[0], *t, expected[i]);
      continue;
    }
    if ((t->flags & FASTNN_READ_ONLY) != 0) value_error(schema.name, ": ", argument.name, " is read-only");
    if (!is_contiguous(*t))
      value_error(schema.name, ": expected contiguous ", argument.name, ", got strides ",
                  shape_text(t->rank, t->strides));
    for (int64_t j = 0; j < call.input_count; ++j) {
      if (call.inputs[j] == nullptr) continue;
      const fastnn_argument_schema& in = input_schema(schema, call.input_count, j);
      if (in.role != FASTNN_SHAPE) check_overlap(schema, argument.name, *t, in.name, *call.inputs[j]);
    }
    for (int64_t j = 0; j < i; ++j) {
      if (call.outputs[j] != nullptr) {
        check_overlap(schema, argument.name, *t, schema.outputs[j].name, *call.outputs[j]);
      }
    }
  }
}

void apply(const fastnn_op& op, const fastnn_call& original);

// A contiguous copy of t, made by the copy op so that it is recorded like any other.
struct Copied {
  fastnn_tensor tensor;
  StorageReference storage;
};
Copied contiguous_copy(const fastnn_context& context, const fastnn_tensor& t) {
  Copied copied{t, new_storage(t.device, static_cast<size_t>(checked_multiply(element_count(t), item_size(t.dtype))))};
  fastnn_tensor& target = copied.tensor;
  target.storage = copied.storage.get();
  target.data = target.storage->data;
  target.byte_offset = 0;
  target.flags = 0;
  target.identity = fastnn_new_identity();
  set_contiguous_strides(target);
  const fastnn_tensor* inputs[] = {&t};
  fastnn_tensor* outputs[] = {&target};
  fastnn_call call{};
  call.struct_size = sizeof(fastnn_call);
  call.context = &context;
  call.inputs = inputs;
  call.outputs = outputs;
  call.input_count = call.output_count = 1;
  apply(find_op("copy"), call);
  return copied;
}

void apply(const fastnn_op& op, const fastnn_call& original) {
  const fastnn_schema& schema = op.schema;
  fastnn_call call = original;
  check_counts(schema, call);
  check_inputs(schema, call, true);
  const AttributeBlock attributes = resolve_attributes(schema, call.attributes, call.scalars);
  call.attributes = &attributes;

  fastnn_tensor expected[kMaxOutputs];
  fastnn_tensor* expected_pointers[kMaxOutputs];
  for (int64_t i = 0; i < call.output_count; ++i) {
    expected[i] = {};
    expected[i].struct_size = sizeof(fastnn_tensor);
    expected_pointers[i] = call.outputs[i] != nullptr ? &expected[i] : nullptr;
  }
  fastnn_call inference = call;
  inference.outputs = expected_pointers;
  const size_t workspace_size = infer(op, inference);
  check_outputs(schema, call, expected);

  fastnn_recorder* recorder = call.context->recorder;
  if (recorder != nullptr) recorder->check(op, call);

  const bool shares = schema.is_view != 0 && call.outputs[0]->data == call.inputs[0]->data;
  if (!shares) {
    std::vector<const fastnn_tensor*> inputs;
    std::vector<Copied> copies;
    for (int64_t i = 0; i < call.input_count && schema.is_view == 0; ++i) {
      const fastnn_argument_schema& argument = input_schema(schema, call.input_count, i);
      const fastnn_tensor* t = call.inputs[i];
      if (t == nullptr || argument.role != FASTNN_READ || accepts(*t, argument.layout)) continue;
      if (inputs.empty()) {
        inputs.assign(call.inputs, call.inputs + call.input_count);
        copies.reserve(inputs.size());
      }
      inputs[static_cast<size_t>(i)] = &copies.emplace_back(contiguous_copy(*call.context, *t)).tensor;
    }
    if (!inputs.empty()) call.inputs = inputs.data();
    const fastnn_implementation& target = implementation(op, call.context->device.type);
    const Workspace workspace(*call.context, call.workspace == nullptr ? workspace_size : 0);
    if (call.workspace == nullptr) {
      call.workspace = workspace.get();
    } else if (call.workspace_size < workspace_size) {
      value_error(schema.name, ": expected a workspace of ", workspace_size, " bytes, got ", call.workspace_size);
    }
    call.workspace_size = workspace_size;
    call.user_data = target.user_data;
    const fastnn_status status = target.run(&call);
    if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
    for (int64_t i = 0; i < call.output_count; ++i) {
      if (call.outputs[i] != nullptr && call.outputs[i]->storage != nullptr) {
        fastnn_storage_bump_version(call.outputs[i]->storage);
      }
    }
    for (int64_t i = 0; i < call.input_count; ++i) {
      if (call.inputs[i] == nullptr || call.inputs[i]->storage == nullptr) continue;
      if (input_schema(schema, call.input_count, i).role == FASTNN_UPDATE) {
        fastnn_storage_bump_version(call.inputs[i]->storage);
      }
    }
  }
  if (recorder != nullptr) recorder->record(op, call, attributes);
}

}  // namespace

const fastnn_argument_schema& input_schema(const fastnn_schema& schema, int64_t input_count, int64_t index) {
  if (input_count == schema.input_count) {
    bool variadic = false;
    for (int32_t i = 0; i < schema.input_count; ++i) variadic = variadic || schema.inputs[i].variadic != 0;
    if (!variadic) return schema.inputs[index];
  }
  const int64_t count = variadic_count(schema, input_count);
  int64_t end = 0;
  for (int32_t i = 0; i < schema.input_count; ++i) {
    end += schema.inputs[i].variadic != 0 ? count : 1;
    if (index < end) return schema.inputs[i];
  }
  internal_error(schema.name, ": input ", index, " has no schema");
}

const fastnn_implementation& implementation(const fastnn_op& op, int32_t device_type) {
  const fastnn_implementation* found = device_type > 0 && device_type < fastnn_op::kDeviceTypes
                                           ? op.implementations[device_type].load(std::memory_order_acquire)
                                           : nullptr;
  if (found == nullptr) unavailable_error(op.schema.name, ": not available on devices of type ", device_type);
  return *found;
}

const fastnn_op& find_op(const char* name) {
  const fastnn_op* op = fastnn_find_op(name);
  if (op == nullptr) unavailable_error("fastnn: no op is named ", name);
  return *op;
}

AttributeBlock resolve_attributes(const fastnn_schema& schema, const void* attributes,
                                  const fastnn_scalar* const* scalars) {
  AttributeBlock block;
  const size_t slot_bytes = static_cast<size_t>(schema.slot_count) * sizeof(int64_t);
  block.struct_size = sizeof(size_t) + slot_bytes;
  if (schema.slot_count > 0) {
    std::memcpy(block.slots, schema.defaults, slot_bytes);
    if (attributes != nullptr) {
      // a caller built against an older fastnn knows fewer attributes; the defaults serve for the rest
      size_t given = 0;
      std::memcpy(&given, attributes, sizeof(given));
      if (given < sizeof(size_t) || given > block.struct_size) {
        value_error(schema.name, ": expected attributes of at most ", block.struct_size, " bytes, got ", given);
      }
      std::memcpy(block.slots, static_cast<const char*>(attributes) + sizeof(size_t), given - sizeof(size_t));
    }
  }
  if (scalars != nullptr) {
    int32_t runtime = 0;
    for (int32_t i = 0; i < schema.attribute_count; ++i) {
      const fastnn_attribute_schema& attribute = schema.attributes[i];
      if (attribute.runtime == 0) continue;
      const fastnn_scalar* scalar = scalars[runtime++];
      if (scalar != nullptr) block.slots[attribute.slot] = scalar->value.integer;
    }
  }
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    const fastnn_attribute_schema& attribute = schema.attributes[i];
    const int64_t value = block.slots[attribute.slot];
    if (attribute.kind == FASTNN_ATTRIBUTE_LIST && (value < 0 || value > FASTNN_MAX_RANK)) {
      value_error(schema.name, ": expected at most ", FASTNN_MAX_RANK, " entries in ", attribute.name, ", got ", value);
    }
    if (attribute.kind == FASTNN_ATTRIBUTE_ENUM) {
      int64_t choices = 0;
      while (attribute.choices[choices] != nullptr) ++choices;
      if (value < 0 || value >= choices) {
        value_error(schema.name, ": expected ", attribute.name, " in [0, ", choices, "), got ", value);
      }
    }
  }
  return block;
}

size_t infer(const fastnn_op& op, const fastnn_call& call) {
  const fastnn_implementation& target = implementation(op, call.context->device.type);
  fastnn_call with_data = call;
  with_data.user_data = target.user_data;
  size_t workspace_size = 0;
  const fastnn_status status = target.infer(&with_data, &workspace_size);
  if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
  return workspace_size;
}

}  // namespace fastnn

using namespace fastnn;

extern "C" {

void fastnn_context_init(fastnn_context* context, size_t struct_size) {
  std::memset(context, 0, struct_size);
  context->struct_size = struct_size;
  context->device = {FASTNN_CPU, 0};
}

int64_t fastnn_op_count(void) {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  return static_cast<int64_t>(all.ops.size());
}

const fastnn_op* fastnn_op_at(int64_t index) {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  return index >= 0 && index < static_cast<int64_t>(all.ops.size()) ? &all.ops[static_cast<size_t>(index)] : nullptr;
}

const fastnn_op* fastnn_find_op(const char* name) {
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  const auto found = all.by_name.find(name);
  return found == all.by_name.end() ? nullptr : found->second;
}

const fastnn_schema* fastnn_op_schema(const fastnn_op* op) { return &op->schema; }

fastnn_status fastnn_register_op(const fastnn_schema* schema) {
  return guarded([&] {
    if (schema->slot_count > kMaxSlots || schema->output_count > kMaxOutputs) {
      value_error("register_op: ", schema->name, " has too many attributes or outputs");
    }
    Table& all = table();
    const std::lock_guard lock(all.mutex);
    if (all.by_name.contains(schema->name)) value_error("register_op: an op named ", schema->name, " is already there");
    all.add(*schema);
  });
}

fastnn_status fastnn_register_implementation(const char* name, int32_t device_type,
                                             const fastnn_implementation* implementation) {
  return guarded([&] {
    fastnn_op& op = const_cast<fastnn_op&>(find_op(name));
    if (device_type <= 0 || device_type >= fastnn_op::kDeviceTypes) {
      value_error("register_implementation: expected a device type below ", fastnn_op::kDeviceTypes, ", got ",
                  device_type);
    }
    const fastnn_implementation* none = nullptr;
    if (!op.implementations[device_type].compare_exchange_strong(none, implementation)) {
      value_error("register_implementation: ", name, " already runs on devices of type ", device_type);
    }
  });
}

const fastnn_implementation* fastnn_find_implementation(const fastnn_op* op, int32_t device_type) {
  if (device_type <= 0 || device_type >= fastnn_op::kDeviceTypes) return nullptr;
  return op->implementations[device_type].load(std::memory_order_acquire);
}

fastnn_status fastnn_infer(const fastnn_op* op, const fastnn_call* call, size_t* workspace_size) {
  return guarded([&] {
    check_counts(op->schema, *call);
    check_inputs(op->schema, *call, false);
    const AttributeBlock attributes = resolve_attributes(op->schema, call->attributes, call->scalars);
    fastnn_call resolved = *call;
    resolved.attributes = &attributes;
    const size_t size = infer(*op, resolved);
    if (workspace_size != nullptr) *workspace_size = size;
  });
}

fastnn_status fastnn_run(const fastnn_op* op, const fastnn_call* call) {
  return guarded([&] { apply(*op, *call); });
}

fastnn_status fastnn_run_named(const fastnn_context* context, const char* op, const fastnn_tensor* const* inputs,
                               int64_t input_count, fastnn_tensor* const* outputs, int64_t output_count,
                               const void* attributes, uint64_t accumulate) {
  return guarded([&] {
    fastnn_call call{};
    call.struct_size = sizeof(fastnn_call);
    call.context = context;
    call.inputs = inputs;
    call.outputs = outputs;
    call.input_count = input_count;
    call.output_count = output_count;
    call.attributes = attributes;
    call.accumulate = accumulate;
    apply(find_op(op), call);
  });
}

fastnn_status fastnn_run_groups(const fastnn_context* context, const char* op, fastnn_tensor* const* const* groups,
                                int64_t group_count, int64_t count, const void* attributes) {
  return guarded([&] {
    std::vector<const fastnn_tensor*> inputs;
    for (int64_t group = 0; group < group_count; ++group) {
      // an absent list leaves nulls: two lists of three and three lists of two must not look alike
      if (groups[group] != nullptr) {
        inputs.insert(inputs.end(), groups[group], groups[group] + count);
      } else {
        inputs.insert(inputs.end(), static_cast<size_t>(count), nullptr);
      }
    }
    fastnn_call call{};
    call.struct_size = sizeof(fastnn_call);
    call.context = context;
    call.inputs = inputs.data();
    call.input_count = static_cast<int64_t>(inputs.size());
    call.attributes = attributes;
    apply(find_op(op), call);
  });
}

}  // extern "C"
