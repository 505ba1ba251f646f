// op_table.cpp: the op table and the one path by which an op is applied: check the call, infer, copy inputs whose strides
// the op does not take, bring workspace, run, record.
#include "ops/op_table.h"

#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/device.h"
#include "core/pool.h"
#include "core/storage.h"
#include "ops/flops.h"
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
fastnn_status row_describe(const fastnn_call* call, fastnn_preparation* preparation) {
  return guarded([&] { static_cast<const ops::OpRow*>(call->user_data)->describe(*call, *preparation); });
}
fastnn_status row_prepare(const fastnn_call* call, void* prepared) {
  return guarded([&] { static_cast<const ops::OpRow*>(call->user_data)->prepare(*call, prepared); });
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
    for (const ops::OpRow& row : ops::op_rows) {
      fastnn_op& op = add(row.schema);
      op.flops = row.flops;
      const bool prepares = row.describe != nullptr;
      cpu.push_back({sizeof(fastnn_implementation), row_infer, row_run, const_cast<ops::OpRow*>(&row),
                     prepares ? row_describe : nullptr, prepares ? row_prepare : nullptr});
      op.implementations[FASTNN_CPU].store(&cpu.back(), std::memory_order_release);
    }
    // A fork while another thread looks an op up must not leave the child's table locked. Last: a constructor that
    // failed runs again, and handlers that are registered twice would lock twice.
    const auto lock = [] { table().mutex.lock(); };
    const auto unlock = [] { table().mutex.unlock(); };
    if (pthread_atfork(lock, unlock, unlock) != 0) throw std::bad_alloc();
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
  check_fields(schema.name, argument, t);
  if (!(t.device == device)) {
    value_error(schema.name, ": expected ", argument, " on ", device_name(device), ", got it on ",
                device_name(t.device));
  }
  if (is_abstract(t)) {
    if (t.data != nullptr) value_error(schema.name, ": ", argument, " is abstract and has data");
    return;
  }
  if (needs_data && t.data == nullptr && element_count(t) > 0) value_error(schema.name, ": ", argument, " has no data");
}

void check_overlap(const fastnn_schema& schema, const char* output, const fastnn_tensor& out, const char* input,
                   const fastnn_tensor& in) {
  if (overlap(byte_range(out), byte_range(in))) {
    value_error(schema.name, ": ", output, " shares memory with ", input, "; give it memory of its own");
  }
}

// The last CPU workspace of a thread stays for its next op: the system hands out fresh memory a page fault at a time,
// which takes a product of a few hundred rows as long as the product.
class KeptWorkspace {
 public:
  ~KeptWorkspace() { drop(); }
  // What is kept, where it suffices; it is no longer kept then.
  void* take(size_t bytes, size_t& size) {
    if (bytes > size_) return nullptr;
    size = std::exchange(size_, 0);
    return std::exchange(memory_, nullptr);
  }
  // Whether it keeps the memory; the larger one stays.
  bool keep(void* memory, size_t size) {
    if (size > kMost || size <= size_) return false;
    drop();
    memory_ = memory;
    size_ = size;
    return true;
  }

 private:
  static constexpr size_t kMost = size_t{64} << 20;
  void drop() {
    const fastnn_device_interface& cpu = device_interface({FASTNN_CPU, 0});
    if (memory_ != nullptr) cpu.release(cpu.self, 0, memory_, size_);
  }
  void* memory_ = nullptr;
  size_t size_ = 0;
};
thread_local KeptWorkspace kept_workspace;

// Workspace from the context's allocator, or from the device.
class Workspace {
 public:
  Workspace(const fastnn_context& context, size_t bytes)
      : allocator_(context.allocator),
        device_(device_interface(context.device)),
        index_(context.device.index),
        asked_(bytes),
        bytes_(bytes) {
    if (bytes == 0) return;
    if (keeps()) memory_ = kept_workspace.take(bytes, bytes_);
    if (memory_ == nullptr) allocate();
    count_live(static_cast<int64_t>(asked_));
  }
  ~Workspace() {
    if (memory_ == nullptr) return;
    count_live(-static_cast<int64_t>(asked_));
    if (keeps() && kept_workspace.keep(memory_, bytes_)) return;
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
  void allocate() {
    memory_ = allocator_ != nullptr ? allocator_->allocate(allocator_->self, asked_, 64)
                                    : device_.allocate(device_.self, index_, asked_);
    if (memory_ == nullptr) {
      throw Error(FASTNN_OUT_OF_MEMORY, concat("fastnn: the system refused ", asked_, " bytes of workspace"));
    }
  }
  bool keeps() const { return allocator_ == nullptr && device_.type == FASTNN_CPU; }
  const fastnn_allocator* allocator_;
  const fastnn_device_interface& device_;
  int32_t index_;
  size_t asked_;  // bytes
  size_t bytes_;  // as many or more, where the memory was kept
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
      if (argument.layout != FASTNN_ANY_STRIDES && !is_contiguous(*t))
        value_error(schema.name, ": expected contiguous ", argument.name, ", got strides ",
                    shape_text(t->rank, t->strides));
    }
  }
}

// The schema argument that an input belongs to, and its place in the list when it stands in one: "parameters[2]".
std::string input_name(const fastnn_schema& schema, int64_t input_count, int64_t index) {
  const fastnn_argument_schema& argument = input_schema(schema, input_count, index);
  int64_t first = index;
  while (first > 0 && &input_schema(schema, input_count, first - 1) == &argument) --first;
  return argument.variadic != 0 ? concat(argument.name, "[", index - first, "]") : argument.name;
}

// What an op updates in place must overlap nothing else that it reads or updates.
void check_updates(const fastnn_schema& schema, const fastnn_call& call) {
  struct Piece {
    ByteRange range;
    int64_t input = -1;
    bool updated = false;
  };
  const bool updates = std::any_of(schema.inputs, schema.inputs + schema.input_count,
                                   [](const fastnn_argument_schema& input) { return input.role == FASTNN_UPDATE; });
  if (!updates) return;
  std::vector<Piece> pieces;
  for (int64_t i = 0; i < call.input_count; ++i) {
    const int32_t role = input_schema(schema, call.input_count, i).role;
    if (call.inputs[i] == nullptr || role == FASTNN_SHAPE) continue;
    pieces.push_back({byte_range(*call.inputs[i]), i, role == FASTNN_UPDATE});
  }
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.range.begin < b.range.begin; });
  // of the pieces so far, the one that reaches furthest, and the updated one that does
  Piece furthest, furthest_updated;
  for (const Piece& piece : pieces) {
    const Piece& other = piece.updated ? furthest : furthest_updated;
    if (overlap(piece.range, other.range)) {
      const auto [first, second] = std::minmax(piece.input, other.input);
      value_error(schema.name, ": ", input_name(schema, call.input_count, second), " shares memory with ",
                  input_name(schema, call.input_count, first), "; give it memory of its own");
    }
    if (piece.range.end > furthest.range.end) furthest = piece;
    if (piece.updated && piece.range.end > furthest_updated.range.end) furthest_updated = piece;
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
    if (schema.is_view != 0 && i == 0 && shares_memory(*t, *call.inputs[0])) {
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

// A schema that a plug-in brings.
void check_schema(const fastnn_schema* schema) {
  require_struct(schema, "register_op", "schema");
  require(schema->name, "register_op", "schema->name");
  const auto check_list = [&](const char* what, int32_t count, int64_t most, const void* list) {
    if (count < 0 || count > most) {
      value_error("register_op: expected 0 to ", most, " ", what, " for ", schema->name, ", got ", count);
    }
    if (count > 0) require(list, "register_op", what);
  };
  check_list("inputs", schema->input_count, INT32_MAX, schema->inputs);
  check_list("outputs", schema->output_count, kMaxOutputs, schema->outputs);
  check_list("attributes", schema->attribute_count, kMaxSlots, schema->attributes);
  check_list("defaults", schema->slot_count, kMaxSlots, schema->defaults);
  if (schema->elementwise < 0 || schema->elementwise > FASTNN_BY_POSITION) {
    value_error("register_op: expected elementwise of 0 to ", FASTNN_BY_POSITION + 0, " for ", schema->name, ", got ",
                schema->elementwise);
  }
}

void apply(const fastnn_op& op, const fastnn_call& original);

// A contiguous copy of t, made by the copy op so that it is recorded like any other.
struct Copied {
  fastnn_tensor tensor;
  StorageReference storage;
};
Copied contiguous_copy(const fastnn_context& context, const fastnn_tensor& t) {
  const int64_t bytes = is_abstract(t) ? 0 : checked_multiply(element_count(t), item_size(t.dtype));
  Copied copied{t, new_storage(t.device, static_cast<size_t>(bytes))};
  fastnn_tensor& target = copied.tensor;
  target.storage = copied.storage.get();
  target.data = is_abstract(t) ? nullptr : target.storage->data;
  target.byte_offset = 0;
  target.flags = is_abstract(t) ? FASTNN_ABSTRACT : 0;
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

// Refuses a call whose structs, counts or pointers the op can't take; looks at no tensor.
void check_call(const fastnn_op& op, const fastnn_call* given) {
  const fastnn_schema& schema = op.schema;
  require_struct(given, schema.name, "call");
  const fastnn_call& call = *given;
  require_struct(call.context, schema.name, "context");
  bool variadic = false;
  for (int32_t i = 0; i < schema.input_count; ++i) variadic = variadic || schema.inputs[i].variadic != 0;
  if (call.input_count < 0 || (!variadic && call.input_count != schema.input_count)) {
    value_error(schema.name, ": expected ", schema.input_count, " inputs, got ", call.input_count);
  }
  if (call.output_count != schema.output_count) {
    value_error(schema.name, ": expected ", schema.output_count, " outputs, got ", call.output_count);
  }
  if (call.input_count > 0) require(call.inputs, schema.name, "inputs");
  if (call.output_count > 0) require(call.outputs, schema.name, "outputs");
  for (int32_t i = 0; i < schema.output_count; ++i) {
    if (call.outputs[i] == nullptr && schema.outputs[i].optional == 0) {
      value_error(schema.name, ": expected memory for ", schema.outputs[i].name, ", got nothing");
    }
  }
  if (call.accumulate >> schema.output_count != 0) {
    value_error(schema.name, ": expected accumulate to name some of ", schema.output_count, " outputs, got bits ",
                call.accumulate);
  }
}

// Refuses inputs that can't be read or updated where they are. After check_call.
void check_memory(const fastnn_op& op, const fastnn_call& call) {
  check_inputs(op.schema, call, true);
  check_updates(op.schema, call);
}

// Whether a call has abstract arguments: nothing is computed then, so it may write no memory, unless a recorder only
// wants to know what would.
bool describes_only(const fastnn_schema& schema, const fastnn_call& call) {
  const auto abstract = [](const fastnn_tensor* t) { return t != nullptr && is_abstract(*t); };
  if (std::none_of(call.inputs, call.inputs + call.input_count, abstract) &&
      std::none_of(call.outputs, call.outputs + call.output_count, abstract)) {
    return false;
  }
  const auto check = [&](const fastnn_tensor* t, const char* name) {
    if (t == nullptr || is_abstract(*t)) return;
    value_error(schema.name, ": can't write ", name, ", for other arguments are abstract and have no values");
  };
  for (int64_t i = 0; i < call.output_count; ++i) check(call.outputs[i], schema.outputs[i].name);
  for (int64_t i = 0; i < call.input_count && call.context->recorder == nullptr; ++i) {
    const fastnn_argument_schema& argument = input_schema(schema, call.input_count, i);
    if (argument.role == FASTNN_UPDATE) check(call.inputs[i], argument.name);
  }
  return true;
}

// One application of an op in two parts: making it checks everything and brings all memory, run only computes.
class Application {
 public:
  Application(const fastnn_op& op, const fastnn_call& original);
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  void run() const;
  void record() const {
    if (call_.context->recorder != nullptr) call_.context->recorder->record(op_, call_, attributes_);
  }

 private:
  const fastnn_op& op_;
  fastnn_call call_;
  AttributeBlock attributes_;
  bool idle_ = false;  // nothing to run: output 0 is a view in input 0's memory, or arguments are abstract
  std::vector<const fastnn_tensor*> inputs_;
  std::vector<Copied> copies_;
  std::optional<Workspace> workspace_;
};

Application::Application(const fastnn_op& op, const fastnn_call& original) : op_(op), call_(original) {
  const fastnn_schema& schema = op.schema;
  check_call(op, &call_);
  check_memory(op, call_);
  attributes_ = resolve_attributes(schema, call_.attributes, call_.scalars);
  call_.attributes = &attributes_;
  call_.first = 0;
  call_.prepared = nullptr;
  call_.whole = 0;

  fastnn_tensor expected[kMaxOutputs];
  fastnn_tensor* expected_pointers[kMaxOutputs];
  for (int64_t i = 0; i < call_.output_count; ++i) {
    expected[i] = {};
    expected[i].struct_size = sizeof(fastnn_tensor);
    expected_pointers[i] = call_.outputs[i] != nullptr ? &expected[i] : nullptr;
  }
  fastnn_call inference = call_;
  inference.outputs = expected_pointers;
  const size_t workspace_size = infer(op, inference);
  check_outputs(schema, call_, expected);
  if (call_.context->recorder != nullptr) call_.context->recorder->check(op, call_);

  const bool describes = describes_only(schema, call_);
  idle_ = describes || (schema.is_view != 0 && shares_memory(*call_.outputs[0], *call_.inputs[0]));
  if (idle_ && (!describes || schema.is_view != 0)) return;
  for (int64_t i = 0; i < call_.input_count && schema.is_view == 0; ++i) {
    const fastnn_argument_schema& argument = input_schema(schema, call_.input_count, i);
    const fastnn_tensor* t = call_.inputs[i];
    if (t == nullptr || argument.role != FASTNN_READ || accepts(*t, argument.layout)) continue;
    if (inputs_.empty()) {
      inputs_.assign(call_.inputs, call_.inputs + call_.input_count);
      copies_.reserve(inputs_.size());
    }
    inputs_[static_cast<size_t>(i)] = &copies_.emplace_back(contiguous_copy(*call_.context, *t)).tensor;
  }
  if (!inputs_.empty()) call_.inputs = inputs_.data();
  if (idle_) return;
  if (call_.workspace == nullptr) {
    call_.workspace = workspace_.emplace(*call_.context, workspace_size).get();
  } else if (call_.workspace_size < workspace_size) {
    value_error(schema.name, ": expected a workspace of ", workspace_size, " bytes, got ", call_.workspace_size);
  }
  call_.workspace_size = workspace_size;
}

void Application::run() const {
  if (idle_) return;
  const fastnn_implementation& target = implementation(op_, call_.context->device.type);
  fastnn_call call = call_;
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
    if (input_schema(op_.schema, call.input_count, i).role == FASTNN_UPDATE) {
      fastnn_storage_bump_version(call.inputs[i]->storage);
    }
  }
}

void apply(const fastnn_op& op, const fastnn_call& original) {
  const Application application(op, original);
  application.run();
  application.record();
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

bool accepts(const fastnn_tensor& t, int32_t layout) {
  if (layout == FASTNN_ANY_STRIDES || is_contiguous(t)) return true;
  if (layout == FASTNN_CONTIGUOUS || t.rank == 0) return false;
  const auto lies_in_line = [&](int32_t axis) { return t.shape[axis] == 1 || t.strides[axis] == 1; };
  if (layout == FASTNN_MATRICES) return lies_in_line(t.rank - 1) || (t.rank > 1 && lies_in_line(t.rank - 2));
  for (int32_t axis = 0; axis < t.rank - 1; ++axis) {
    if (t.shape[axis] != 1 && t.strides[axis] == 0) return false;
  }
  return lies_in_line(t.rank - 1);
}

const fastnn_implementation& implementation(const fastnn_op& op, int32_t device_type) {
  const fastnn_implementation* found = device_type > 0 && device_type < fastnn_op::kDeviceTypes
                                           ? op.implementations[device_type].load(std::memory_order_acquire)
                                           : nullptr;
  if (found == nullptr) unavailable_error(op.schema.name, ": not available on devices of type ", device_type);
  return *found;
}

const fastnn_op& find_op(const char* name) {
  require(name, "fastnn", "the name of an op");
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

void apply_all(const fastnn_op* const* ops, const fastnn_call* const* calls, int64_t count) {
  std::deque<Application> applications;
  for (int64_t i = 0; i < count; ++i) applications.emplace_back(*ops[i], *calls[i]);
  for (const Application& application : applications) application.record();
  get_num_threads();  // reads files and the environment on first use
  for (const Application& application : applications) application.run();
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

double flops(const fastnn_op& op, const fastnn_call& call) {
  if (op.flops != nullptr) return op.flops(call);
  return call.output_count > 0 ? ops::elements(call.outputs[0]) : 0.0;
}

}  // namespace fastnn

using namespace fastnn;

extern "C" {

void fastnn_context_init(fastnn_context* context, size_t struct_size) {
  // smaller than the first version's: left alone, and refused by the op that gets it
  if (context == nullptr || struct_size < sizeof(fastnn_context)) return;
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
  if (name == nullptr) return nullptr;
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  const auto found = all.by_name.find(name);
  return found == all.by_name.end() ? nullptr : found->second;
}

const fastnn_schema* fastnn_op_schema(const fastnn_op* op) { return op != nullptr ? &op->schema : nullptr; }

fastnn_status fastnn_register_op(const fastnn_schema* schema) {
  return guarded([&] {
    check_schema(schema);
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
    require_struct(implementation, "register_implementation", "implementation");
    if (implementation->infer == nullptr || implementation->run == nullptr) {
      value_error("register_implementation: expected infer and run for ", name, ", got NULL");
    }
    if ((implementation->describe == nullptr) != (implementation->prepare == nullptr)) {
      value_error("register_implementation: expected describe and prepare for ", name, ", or neither, got one");
    }
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
  if (op == nullptr || device_type <= 0 || device_type >= fastnn_op::kDeviceTypes) return nullptr;
  return op->implementations[device_type].load(std::memory_order_acquire);
}

fastnn_status fastnn_infer(const fastnn_op* op, const fastnn_call* call, size_t* workspace_size) {
  return guarded([&] {
    require(op, "infer", "op");
    check_call(*op, call);
    check_inputs(op->schema, *call, false);
    const AttributeBlock attributes = resolve_attributes(op->schema, call->attributes, call->scalars);
    fastnn_call resolved = *call;
    resolved.attributes = &attributes;
    const size_t size = infer(*op, resolved);
    if (workspace_size != nullptr) *workspace_size = size;
  });
}

fastnn_status fastnn_run(const fastnn_op* op, const fastnn_call* call) {
  return guarded([&] {
    require(op, "run", "op");
    require_struct(call, op->schema.name, "call");
    apply(*op, *call);
  });
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
                                int64_t group_count, int64_t count, fastnn_tensor* const* outputs, int64_t output_count,
                                const void* attributes, uint64_t accumulate) {
  return guarded([&] {
    const fastnn_op& found = find_op(op);
    if (group_count != found.schema.input_count) {
      value_error(op, ": expected ", found.schema.input_count, " lists, got ", group_count);
    }
    if (count < 0 || count > kMaxListLength) {
      value_error(op, ": expected lists of 0 to ", kMaxListLength, " tensors, got ", count);
    }
    if (group_count > 0) require(groups, op, "groups");
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
    call.outputs = outputs;
    call.input_count = static_cast<int64_t>(inputs.size());
    call.output_count = output_count;
    call.attributes = attributes;
    call.accumulate = accumulate;
    apply(found, call);
  });
}

}  // extern "C"
