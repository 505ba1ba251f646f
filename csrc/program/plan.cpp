// plan.cpp: lifetimes into one arena.
#include "program/plan.h"

#include <algorithm>
#include <numeric>

#include "program/passes.h"

namespace fastnn {
namespace {

constexpr size_t kBlockAlignment = 64;

size_t value_bytes(const fastnn_tensor& t) {
  return static_cast<size_t>(checked_multiply(element_count(t), item_size(t.dtype)));
}

size_t aligned(size_t bytes) {
  return static_cast<size_t>(round_up(static_cast<int64_t>(bytes), static_cast<int64_t>(kBlockAlignment)));
}

}  // namespace

size_t place_blocks(std::vector<Block>& blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  size_t arena = 0;
  std::vector<size_t> placed;  // sorted by offset
  for (const size_t index : order) {
    Block& block = blocks[index];
    size_t offset = 0;
    for (const size_t other_index : placed) {
      const Block& other = blocks[other_index];
      if (other.last < block.first || block.last < other.first) continue;
      if (offset + block.bytes <= other.offset) break;
      offset = std::max(offset, other.offset + other.bytes);
    }
    block.offset = offset;
    arena = std::max(arena, offset + block.bytes);
    const auto after =
        std::find_if(placed.begin(), placed.end(), [&](size_t other) { return blocks[other].offset > block.offset; });
    placed.insert(after, index);
  }
  return arena;
}

Plan make_plan(const fastnn_graph& graph, const fastnn_context& context, int64_t batch) {
  Plan plan;
  plan.shapes = infer_shapes(graph, context, batch);
  plan.live = live_nodes(graph);
  const size_t value_count = graph.values.size();
  const size_t node_count = graph.nodes.size();
  plan.block_of_value.assign(value_count, -1);
  plan.result_of_value.assign(value_count, -1);
  plan.block_of_workspace.assign(node_count, -1);

  // a result that owns its memory is computed straight into the caller's; any other is copied before the commit
  for (size_t r = 0; r < graph.results.size(); ++r) {
    const int64_t value = graph.results[r].value;
    const size_t owner = static_cast<size_t>(root(graph, value));
    const bool newest = [&] {
      // the buffer must still hold this value at the end: nothing may add into it later
      for (size_t v = static_cast<size_t>(value) + 1; v < value_count; ++v) {
        if (root(graph, static_cast<int64_t>(v)) == static_cast<int64_t>(owner) &&
            plan.shapes.values[v].byte_offset == plan.shapes.values[owner].byte_offset) {
          const Value& later = graph.values[v];
          if (later.alias >= 0 && later.kind == Value::Kind::result) return false;
        }
      }
      return true;
    }();
    const fastnn_tensor& t = plan.shapes.values[static_cast<size_t>(value)];
    const bool whole = graph.values[owner].kind == Value::Kind::result && plan.result_of_value[owner] < 0 && newest &&
                       is_contiguous(t) && t.byte_offset == 0 &&
                       value_bytes(t) == value_bytes(plan.shapes.values[owner]);
    if (whole) {
      plan.result_of_value[owner] = static_cast<int64_t>(r);
    } else {
      plan.copied_results.push_back(static_cast<int64_t>(r));
    }
  }

  std::vector<size_t> first(value_count, node_count);
  std::vector<size_t> last(value_count, 0);
  const auto touch = [&](int64_t value, size_t node) {
    const size_t owner = static_cast<size_t>(root(graph, value));
    first[owner] = std::min(first[owner], node);
    last[owner] = std::max(last[owner], node);
  };
  for (size_t n = 0; n < node_count; ++n) {
    if (!plan.live[n]) continue;
    const Node& node = graph.nodes[n];
    const int64_t input_count = static_cast<int64_t>(node.inputs.size());
    for (int64_t i = 0; i < input_count; ++i) {
      const int64_t value = node.inputs[static_cast<size_t>(i)];
      // an input that only gives its shape doesn't keep its memory alive
      if (value >= 0 && input_schema(node.op->schema, input_count, i).role != FASTNN_SHAPE) touch(value, n);
    }
    for (const int64_t value : node.outputs) {
      if (value >= 0) touch(value, n);
    }
  }
  for (const int64_t result : plan.copied_results) {
    touch(graph.results[static_cast<size_t>(result)].value, graph.commit_begin);
  }

  for (const Undo& undo : graph.undos) touch(undo.copy, graph.commit_begin);

  for (size_t v = 0; v < value_count; ++v) {
    const bool owns = graph.values[v].kind == Value::Kind::result && graph.values[v].alias < 0;
    if (!owns || plan.result_of_value[v] >= 0 || first[v] > last[v]) continue;
    plan.block_of_value[v] = static_cast<int64_t>(plan.blocks.size());
    plan.blocks.push_back({aligned(value_bytes(plan.shapes.values[v])), first[v], last[v], 0});
  }
  for (size_t n = 0; n < node_count; ++n) {
    if (!plan.live[n] || plan.shapes.workspaces[n] == 0) continue;
    plan.block_of_workspace[n] = static_cast<int64_t>(plan.blocks.size());
    plan.blocks.push_back({aligned(plan.shapes.workspaces[n]), n, n, 0});
  }
  for (const Block& block : plan.blocks) plan.value_bytes += block.bytes;
  plan.arena_bytes = place_blocks(plan.blocks);
  return plan;
}

}  // namespace fastnn
