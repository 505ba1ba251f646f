// rows.cpp: which ops walk items together, in how large blocks, and the walk.
#include "program/rows.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <string_view>

#include "core/parallel.h"
#include "program/plan.h"

namespace fastnn {
namespace {

constexpr int64_t kBlockBytes = 256 * 1024;  // what a block touches at most, where an item is not larger
constexpr int64_t kMostItemBytes = 1024 * 1024;
constexpr int64_t kSmallBytes = 64 * 1024;  // all at once below that: no thread is worth waking
constexpr int64_t kFewestBlocks = 8;
// A block's product reads all of its weight: it must compute enough with it, and more blocks must share out the work. As
// much as 64 rows of a matrix product take, or 32 Winograd tiles.
constexpr double kProductFlops = 32;  // for each byte of prepared weight
constexpr size_t kMostWeight = 1024 * 1024;
constexpr size_t kSmallWeight = 32 * 1024;  // that of a product which reads it in place, about
constexpr int64_t kFewestProductBlocks = 16;
// A product with no more flops than these for each element waits for memory, not for its sums: it joins others though what
// lies between them is written for ops outside as well.
constexpr double kFewFlops = 64;
constexpr int64_t kMostLanes = 32;  // bits of Places
constexpr int64_t kAlignment = 64;

// Whether an op's axis or axes spare the leading one.
bool spares_leading_axis(const Node& node, int32_t rank) {
  const fastnn_schema& schema = node.op->schema;
  for (int32_t i = 0; i < schema.attribute_count; ++i) {
    const fastnn_attribute_schema& attribute = schema.attributes[i];
    const int64_t* const slots = node.attributes.slots + attribute.slot;
    const auto is_leading = [&](int64_t axis) { return axis == 0 || axis == -rank; };
    if (std::string_view(attribute.name) == "axis" && is_leading(*slots)) return false;
    if (std::string_view(attribute.name) == "axes" &&
        (*slots == 0 || std::any_of(slots + 1, slots + 1 + *slots, is_leading))) {
      return false;
    }
  }
  return true;
}

int64_t bytes_of(const fastnn_tensor& t) { return element_count(t) * item_size(t.dtype); }

// The part of a tensor that a block has, as the op sees it; the memory is for the caller to set.
fastnn_tensor part_of(const fastnn_tensor& whole, const RowOperand& operand, int64_t items) {
  fastnn_tensor part = whole;
  part.storage = nullptr;
  part.identity = 0;
  if (operand.lines > 0) part.shape[0] = operand.lines * items;
  return part;
}

// The walk of a group before its blocks are known.
class RowWalk {
 public:
  RowWalk(const fastnn_graph& graph, const Shapes& shapes) : graph_(graph), shapes_(shapes) {}

  // Items are as many as all members can agree on.
  bool find_items(const std::vector<size_t>& nodes) {
    for (const size_t n : nodes) {
      for (const int64_t value : graph_.nodes[n].outputs) {
        if (value < 0) continue;
        const fastnn_tensor& t = tensor(value);
        if (t.rank == 0 || !is_contiguous(t)) return false;
        items_ = std::gcd(items_, t.shape[0]);
      }
    }
    return items_ > 0;
  }

  bool add(size_t n) {
    const Node& node = graph_.nodes[n];
    const fastnn_schema& schema = node.op->schema;
    const bool elementwise = schema.elementwise != 0;
    const auto output =
        std::find_if(node.outputs.begin(), node.outputs.end(), [](int64_t value) { return value >= 0; });
    const fastnn_tensor& whole = tensor(*output);
    RowMember& member = members.emplace_back();
    member.node = n;
    member.elements = element_count(whole) / items_;
    member.whole = whole.shape[0];
    const int64_t input_count = static_cast<int64_t>(node.inputs.size());
    for (int64_t i = 0; i < input_count; ++i) {
      const int64_t value = node.inputs[static_cast<size_t>(i)];
      bool split = false;
      if (value >= 0 && elementwise) {
        const fastnn_tensor& t = tensor(value);
        split = t.rank == whole.rank && t.shape[0] == whole.shape[0];
      } else if (value >= 0) {
        split = input_schema(schema, input_count, i).rows != 0;
      }
      if (!add_operand(member, value, split)) return false;
    }
    return std::all_of(node.outputs.begin(), node.outputs.end(),
                       [&](int64_t value) { return add_operand(member, value, true); });
  }

  // Memory that a member writes must be cut in the same places by all of them.
  bool agrees() const {
    for (const RowMember& member : members) {
      const Node& node = graph_.nodes[member.node];
      for (const int64_t written : node.outputs) {
        if (written >= 0 && !all_split(root(graph_, written))) return false;
      }
    }
    return true;
  }

  // Bytes of an item in all memory that the members touch.
  int64_t item_bytes() const {
    std::vector<int64_t> seen;
    int64_t bytes = 0;
    for_each_operand([&](const RowMember&, int64_t value, const RowOperand& operand) {
      const int64_t owner = root(graph_, value);
      if (operand.lines == 0 || std::find(seen.begin(), seen.end(), owner) != seen.end()) return;
      seen.push_back(owner);
      bytes += bytes_of(tensor(value)) / items_;
    });
    return bytes;
  }

  template <typename Body>
  void for_each_operand(Body&& body) const {
    for (const RowMember& member : members) {
      const Node& node = graph_.nodes[member.node];
      for (size_t i = 0; i < member.operands.size(); ++i) {
        const int64_t value = i < node.inputs.size() ? node.inputs[i] : node.outputs[i - node.inputs.size()];
        if (value >= 0) body(member, value, member.operands[i]);
      }
    }
  }

  int64_t items() const { return items_; }

  std::vector<RowMember> members;

 private:
  const fastnn_tensor& tensor(int64_t value) const { return shapes_.values[static_cast<size_t>(value)]; }

  bool add_operand(RowMember& member, int64_t value, bool split) {
    RowOperand& operand = member.operands.emplace_back();
    if (!split || value < 0) return true;
    const fastnn_tensor& t = tensor(value);
    if (t.rank == 0 || t.shape[0] % items_ != 0) return false;
    operand.lines = t.shape[0] / items_;
    return true;
  }

  bool all_split(int64_t owner) const {
    bool result = true;
    for_each_operand([&](const RowMember&, int64_t value, const RowOperand& operand) {
      if (root(graph_, value) != owner) return;
      const fastnn_tensor &t = tensor(value), &whole = tensor(owner);
      result = result && operand.lines > 0 && is_contiguous(t) && t.byte_offset == whole.byte_offset &&
               bytes_of(t) == bytes_of(whole);
    });
    return result;
  }

  const fastnn_graph& graph_;
  const Shapes& shapes_;
  int64_t items_ = 0;
};

int64_t largest_divisor(int64_t number, int64_t most) {
  int64_t divisor = std::clamp<int64_t>(most, 1, number);
  while (number % divisor != 0) --divisor;
  return divisor;
}

// What a member needs besides its operands, for a block.
int64_t workspace_bytes(const fastnn_graph& graph, const Shapes& shapes, const fastnn_context& context,
                        const RowMember& member, int64_t items) {
  static constexpr char kPrepared = 0;  // stands for what a run has
  const Node& node = graph.nodes[member.node];
  if (shapes.workspaces[member.node] == 0) return 0;
  std::vector<fastnn_tensor> parts(member.operands.size());
  std::vector<const fastnn_tensor*> inputs;
  std::vector<fastnn_tensor*> outputs;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_input = i < node.inputs.size();
    const int64_t value = is_input ? node.inputs[i] : node.outputs[i - node.inputs.size()];
    if (value >= 0) parts[i] = part_of(shapes.values[static_cast<size_t>(value)], member.operands[i], items);
    if (is_input) {
      inputs.push_back(value < 0 ? nullptr : &parts[i]);
    } else {
      outputs.push_back(value < 0 ? nullptr : &parts[i]);
    }
  }
  fastnn_call call{};
  call.struct_size = sizeof(fastnn_call);
  call.context = &context;
  call.inputs = inputs.data();
  call.outputs = outputs.data();
  call.input_count = static_cast<int64_t>(inputs.size());
  call.output_count = static_cast<int64_t>(outputs.size());
  call.attributes = &node.attributes;
  call.accumulate = node.accumulate;
  call.whole = member.whole;
  if (preparation_of(graph, node, context, shapes).bytes > 0) call.prepared = &kPrepared;
  return static_cast<int64_t>(infer(*node.op, call));
}

// Gives members their places in a lane's scratch; returns its bytes.
int64_t place_scratch(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses, const fastnn_context& context,
                      const std::vector<size_t>& nodes, int64_t items, int64_t block_items,
                      std::vector<RowMember>& members) {
  std::vector<int64_t> owners;
  std::vector<Block> places;
  for (size_t n = 0; n < nodes.size(); ++n) {
    for_each_access(graph.nodes[nodes[n]], [&](int64_t value, bool, bool) {
      const int64_t owner = root(graph, value);
      const auto known = std::find(owners.begin(), owners.end(), owner);
      if (known != owners.end()) {
        places[static_cast<size_t>(known - owners.begin())].last = n;
      } else if (is_local(uses, static_cast<size_t>(owner), nodes)) {
        const int64_t bytes = bytes_of(shapes.values[static_cast<size_t>(owner)]) / items * block_items;
        owners.push_back(owner);
        places.push_back({static_cast<size_t>(round_up(bytes, kAlignment)), n, n, 0});
      }
    });
    const int64_t workspace = workspace_bytes(graph, shapes, context, members[n], block_items);
    if (workspace == 0) continue;
    members[n].workspace = static_cast<int64_t>(places.size());
    owners.push_back(-1);
    places.push_back({static_cast<size_t>(round_up(workspace, kAlignment)), n, n, 0});
  }
  const size_t bytes = place_blocks(places);
  for (RowMember& member : members) {
    const Node& node = graph.nodes[member.node];
    if (member.workspace >= 0) {
      member.workspace = static_cast<int64_t>(places[static_cast<size_t>(member.workspace)].offset);
    }
    for (size_t i = 0; i < member.operands.size(); ++i) {
      const int64_t value = i < node.inputs.size() ? node.inputs[i] : node.outputs[i - node.inputs.size()];
      if (value < 0) continue;
      const auto place = std::find(owners.begin(), owners.end(), root(graph, value));
      if (place == owners.end()) continue;
      member.operands[i].scratch = static_cast<int64_t>(places[static_cast<size_t>(place - owners.begin())].offset);
    }
  }
  return static_cast<int64_t>(bytes);
}

// Nodes that could prepare their weights, and how they take being cut into blocks.
class Products {
 public:
  Products(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses, const fastnn_context& context,
           const std::vector<size_t>& nodes) {
    for (const size_t n : nodes) {
      const Node& node = graph.nodes[n];
      const fastnn_implementation* implementation = fastnn_find_implementation(node.op, context.device.type);
      if (implementation == nullptr || implementation->describe == nullptr) continue;
      const fastnn_preparation what = preparation_of(graph, node, context, shapes);
      const double flops = shapes.flops[n];
      const int64_t elements = element_count(shapes.values[static_cast<size_t>(node.outputs[0])]);
      const bool few = flops <= kFewFlops * static_cast<double>(elements);
      flops_ += flops;
      possible_ = possible_ && what.lasting == 0 && what.bytes <= kMostWeight;
      possible_ = possible_ && (few || is_between(graph, uses, n, nodes));
      if (few && what.bytes == 0) continue;
      least_ = std::min(least_, flops / static_cast<double>(what.bytes == 0 ? kSmallWeight : what.bytes));
    }
  }
  bool none() const { return flops_ == 0; }
  double nanoseconds() const { return flops_ / 50; }
  bool pay(int64_t items, int64_t block_items) const {
    if (none()) return true;
    const int64_t blocks = items / block_items;
    return possible_ && blocks >= kFewestProductBlocks && least_ >= kProductFlops * static_cast<double>(blocks);
  }

 private:
  // Whether what a product has from other members, and they from it, is nobody else's.
  static bool is_between(const fastnn_graph& graph, const Uses& uses, size_t n, const std::vector<size_t>& nodes) {
    bool result = true;
    for_each_access(graph.nodes[n], [&](int64_t value, bool, bool) {
      const size_t owner = static_cast<size_t>(root(graph, value));
      if (is_local(uses, owner, nodes)) return;
      for (const size_t other : uses.nodes[owner]) {
        if (other == n || !std::binary_search(nodes.begin(), nodes.end(), other)) continue;
        // that both read what comes from elsewhere is no matter
        result = result && !writes_memory(graph, n, owner) && !writes_memory(graph, other, owner);
      }
    });
    return result;
  }
  static bool writes_memory(const fastnn_graph& graph, size_t n, size_t owner) {
    bool result = false;
    for_each_access(graph.nodes[n], [&](int64_t value, bool, bool writes) {
      result = result || (writes && static_cast<size_t>(root(graph, value)) == owner);
    });
    return result;
  }

  double flops_ = 0;
  double least_ = std::numeric_limits<double>::infinity();  // of all, for each byte
  bool possible_ = true;
};

// Which lane's scratch is free. The lowest one is taken first, so that few threads stay in what their caches hold.
class Places {
 public:
  // There are as many places as lanes, so one is free.
  int64_t take() {
    uint32_t free = free_.load(std::memory_order_relaxed);
    while (!free_.compare_exchange_weak(free, free & (free - 1), std::memory_order_acquire)) {
    }
    return std::countr_zero(free);
  }
  void give_back(int64_t place) { free_.fetch_or(uint32_t{1} << place, std::memory_order_release); }

 private:
  std::atomic<uint32_t> free_ = ~uint32_t{0};
};

// What the first member that failed said, on whatever thread.
class Failure {
 public:
  void keep(fastnn_status status) {
    if (taken_.exchange(true)) return;
    std::strncpy(message_, fastnn_last_error(), sizeof(message_) - 1);
    status_ = status;
  }
  // On the thread that waited for all others.
  void raise() const {
    if (status_ != FASTNN_OK) throw Error(status_, message_);
  }

 private:
  std::atomic<bool> taken_ = false;
  fastnn_status status_ = FASTNN_OK;
  char message_[512] = {};
};

}  // namespace

bool walks_rows(const fastnn_graph& graph, const Shapes& shapes, size_t n) {
  const Node& node = graph.nodes[n];
  const fastnn_schema& schema = node.op->schema;
  if (!node.scalars.empty() || schema.elementwise != 0 || node.outputs.empty() || node.outputs[0] < 0) return false;
  const int32_t rank = shapes.values[static_cast<size_t>(node.outputs[0])].rank;
  // of one axis alone there are no items
  if (rank < 2 || !spares_leading_axis(node, rank)) return false;
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  bool any = false;
  for (int64_t i = 0; i < input_count; ++i) {
    const int64_t value = node.inputs[static_cast<size_t>(i)];
    const fastnn_argument_schema& argument = input_schema(schema, input_count, i);
    if (value < 0 || argument.rows == 0) continue;
    const fastnn_tensor& t = shapes.values[static_cast<size_t>(value)];
    // labels and indices from outside may be wrong: of such an op the error names positions in the whole
    const bool outside = graph.values[static_cast<size_t>(root(graph, value))].kind != Value::Kind::result;
    if (argument.role == FASTNN_READ && outside && !is_float(t.dtype)) return false;
    any = true;
  }
  return any;
}

std::optional<RowBlocks> make_row_blocks(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                                         const fastnn_context& context, const std::vector<size_t>& nodes) {
  RowWalk walk(graph, shapes);
  if (!walk.find_items(nodes)) return std::nullopt;
  bool by_position = false;
  for (const size_t n : nodes) {
    if (!walk.add(n)) return std::nullopt;
    by_position = by_position || graph.nodes[n].op->schema.elementwise == FASTNN_BY_POSITION;
  }
  if (!walk.agrees()) return std::nullopt;
  RowBlocks blocks;
  blocks.items = walk.items();
  const int64_t item_bytes = std::max<int64_t>(1, walk.item_bytes());
  if (item_bytes > kMostItemBytes) return std::nullopt;
  const Products products(graph, shapes, uses, context, nodes);
  const int64_t bytes = item_bytes * blocks.items;
  blocks.nanoseconds = static_cast<double>(bytes) / 5 + products.nanoseconds();
  blocks.block_items = blocks.items;
  if (bytes > kSmallBytes || !products.none()) {
    const int64_t fewest = products.none() ? kFewestBlocks : kFewestProductBlocks;
    const int64_t most = std::min(kBlockBytes / item_bytes, blocks.items / fewest);
    blocks.block_items = largest_divisor(blocks.items, most);
    if (blocks.items / blocks.block_items < fewest || !products.pay(blocks.items, blocks.block_items)) {
      return std::nullopt;
    }
  }
  const bool one = blocks.block_items == blocks.items;
  for (const RowMember& member : walk.members) {
    if (by_position && !one && blocks.block_items * member.elements % 4 != 0) return std::nullopt;
  }
  blocks.lanes = std::min(blocks.items / blocks.block_items, kMostLanes);
  blocks.members = std::move(walk.members);
  blocks.scratch = place_scratch(graph, shapes, uses, context, nodes, blocks.items, blocks.block_items, blocks.members);
  return blocks;
}

void run_row_blocks(const RowBlocks& blocks, const fastnn_context& context, char* scratch, const fastnn_call* calls,
                    const fastnn_implementation* const* implementations) {
  const fastnn_context alone = serial(context);  // a block is one thread's
  const int64_t count = blocks.items / blocks.block_items;
  Failure failure;
  Places places;
  parallel_for(context, blocks.lanes, blocks.nanoseconds, [&](int64_t lane) {
    const int64_t place = places.take();
    char* const own = scratch + place * blocks.scratch;
    fastnn_tensor parts[kMemberTensors];
    const fastnn_tensor* inputs[kMemberTensors];
    fastnn_tensor* outputs[kMemberTensors];
    for (int64_t block = lane; block < count; block += blocks.lanes) {
      const int64_t first = block * blocks.block_items;
      for (const RowMember& member : blocks.members) {
        fastnn_call call = calls[member.node];
        size_t next = 0;
        const auto part = [&](const fastnn_tensor* whole) -> fastnn_tensor* {
          const RowOperand& operand = member.operands[next];
          fastnn_tensor& result = parts[next++];
          if (whole == nullptr) return nullptr;
          result = part_of(*whole, operand, blocks.block_items);
          if (operand.scratch >= 0) {
            result.data = own + operand.scratch;
            result.byte_offset = 0;
          } else if (operand.lines > 0) {
            const int64_t elements = first * operand.lines * whole->strides[0];
            result.byte_offset += static_cast<uint64_t>(elements * item_size(whole->dtype));
          }
          return &result;
        };
        for (int64_t i = 0; i < call.input_count; ++i) inputs[i] = part(call.inputs[i]);
        for (int64_t i = 0; i < call.output_count; ++i) outputs[i] = part(call.outputs[i]);
        call.context = &alone;
        call.inputs = inputs;
        call.outputs = outputs;
        call.first = first * member.elements;
        call.whole = member.whole;
        call.workspace = member.workspace >= 0 ? own + member.workspace : nullptr;
        const fastnn_status status = implementations[member.node]->run(&call);
        if (status != FASTNN_OK) failure.keep(status);
      }
    }
    places.give_back(place);
  });
  failure.raise();
}

}  // namespace fastnn
