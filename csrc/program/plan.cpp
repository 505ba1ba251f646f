// plan.cpp: what runs, in which steps, and lifetimes into one arena.
#include "program/plan.h"

#include <algorithm>
#include <numeric>

#include "program/fusion.h"
#include "program/passes.h"
#include "program/rows.h"

namespace fastnn {
namespace {

constexpr size_t kBlockAlignment = 64;

size_t value_bytes(const fastnn_tensor& t) {
  return static_cast<size_t>(checked_multiply(element_count(t), item_size(t.dtype)));
}

// Bytes of the elements that a tensor has memory for.
int64_t touched_bytes(const fastnn_tensor& t) {
  int64_t elements = 1;
  for (int32_t axis = 0; axis < t.rank; ++axis) elements *= t.strides[axis] == 0 ? 1 : t.shape[axis];
  return elements * item_size(t.dtype);
}

// Bytes that nodes read and write when they run as one: of memory that nobody else uses nothing, and what one of them
// reads or writes is at hand for the others.
int64_t moved_bytes(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                    const std::vector<size_t>& nodes) {
  std::vector<int64_t> read, written;
  int64_t bytes = 0;
  const auto is_new = [](std::vector<int64_t>& known, int64_t value) {
    if (std::find(known.begin(), known.end(), value) != known.end()) return false;
    known.push_back(value);
    return true;
  };
  for (const size_t n : nodes) {
    for_each_access(graph.nodes[n], [&](int64_t value, bool reads, bool writes) {
      const int64_t owner = root(graph, value);
      if (nodes.size() > 1 && is_local(uses, static_cast<size_t>(owner), nodes)) return;
      const int64_t size = touched_bytes(shapes.values[static_cast<size_t>(value)]);
      const bool at_hand = std::find(written.begin(), written.end(), owner) != written.end();
      if (reads && !at_hand && is_new(read, value)) bytes += size;
      if (writes && is_new(written, owner)) bytes += size;
    });
  }
  return bytes;
}

// The most bytes of results and workspace at once when ops run as they were recorded, each result living as long as it
// did then. Copies for taking writes back are the program's own.
int64_t eager_peak(const fastnn_graph& graph, const Shapes& shapes) {
  std::vector<bool> own(graph.values.size(), false);
  for (const Undo& undo : graph.undos) own[static_cast<size_t>(undo.copy)] = true;
  const int64_t ops = static_cast<int64_t>(graph.nodes.size());
  std::vector<int64_t> begin(graph.values.size(), -1), last(graph.values.size(), 0);
  std::vector<int64_t> change(graph.nodes.size() + 2, 0), workspace(graph.nodes.size() + 1, 0);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const int64_t position = static_cast<int64_t>(graph.nodes[n].position);
    int64_t& most = workspace[static_cast<size_t>(std::min(position, ops))];
    most = std::max(most, static_cast<int64_t>(shapes.workspaces[n]));
    for_each_access(graph.nodes[n], [&](int64_t value, bool, bool writes) {
      const size_t owner = static_cast<size_t>(root(graph, value));
      if (writes && begin[owner] < 0) begin[owner] = position;
      last[owner] = std::max(last[owner], position);
    });
  }
  for (const Result& result : graph.results) last[static_cast<size_t>(root(graph, result.value))] = ops;
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const Value& value = graph.values[v];
    if (value.kind != Value::Kind::result || value.alias >= 0 || begin[v] < 0 || own[v]) continue;
    const int64_t end = std::min(value.end < 0 ? last[v] + 1 : value.end, ops + 1);
    const int64_t bytes = static_cast<int64_t>(value_bytes(shapes.values[v]));
    change[static_cast<size_t>(begin[v])] += bytes;
    change[static_cast<size_t>(std::max(end, begin[v] + 1))] -= bytes;
  }
  int64_t live = 0, peak = 0;
  for (size_t position = 0; position < graph.nodes.size(); ++position) {
    live += change[position];
    peak = std::max(peak, live + workspace[position]);
  }
  return peak;
}

size_t aligned(size_t bytes) {
  return static_cast<size_t>(round_up(static_cast<int64_t>(bytes), static_cast<int64_t>(kBlockAlignment)));
}

// What runs: the live nodes less views, elementwise ones gathered where the device has the ops in this process.
void find_steps(const fastnn_graph& graph, const fastnn_context& context, Plan& plan) {
  std::vector<bool> runs = plan.live;
  for (size_t n = 0; n < runs.size(); ++n) runs[n] = runs[n] && !is_free_view(graph, graph.nodes[n]);
  const Uses uses = find_uses(graph, runs);
  plan.in_scratch.assign(graph.values.size(), false);
  if (context.device.type == FASTNN_CPU) {
    for (std::vector<size_t>& nodes : fuse(graph, plan.shapes, uses, context, runs)) {
      plan.steps.emplace_back().nodes = std::move(nodes);
    }
  } else {
    for (size_t n = 0; n < runs.size(); ++n) {
      if (runs[n]) plan.steps.emplace_back().nodes = {n};
    }
  }
  for (PlannedStep& step : plan.steps) {
    plan.commit_step += step.nodes.front() < graph.commit_begin;
    plan.moved_bytes += moved_bytes(graph, plan.shapes, uses, step.nodes);
    for (const size_t n : step.nodes) plan.unfused_bytes += moved_bytes(graph, plan.shapes, uses, {n});
    if (step.nodes.size() == 1) continue;
    const bool elements = std::all_of(step.nodes.begin(), step.nodes.end(),
                                      [&](size_t n) { return graph.nodes[n].op->schema.elementwise != 0; });
    if (elements) {
      step.blocks = std::make_shared<const Blocks>(*make_blocks(graph, plan.shapes, uses, step.nodes));
    } else {
      step.rows = std::make_shared<const RowBlocks>(*make_row_blocks(graph, plan.shapes, uses, context, step.nodes));
    }
    for (size_t v = 0; v < graph.values.size(); ++v) {
      const size_t owner = static_cast<size_t>(root(graph, static_cast<int64_t>(v)));
      if (owner == v && !uses.nodes[v].empty() && is_local(uses, v, step.nodes)) plan.in_scratch[v] = true;
    }
  }
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

Plan make_plan(fastnn_graph& graph, const fastnn_context& context, int64_t batch) {
  Plan plan;
  plan.shapes = infer_shapes(graph, context, batch);
  plan.eager_bytes = eager_peak(graph, plan.shapes);
  forward_copies(graph, plan.shapes);
  if (context.device.type == FASTNN_CPU) split_accumulations(graph, plan.shapes);
  join_relu_gradients(graph);
  plan.live = live_nodes(graph);
  narrow_outputs(graph, plan.live);
  plan.shapes = infer_shapes(graph, context, batch);
  find_steps(graph, context, plan);
  const size_t value_count = graph.values.size();
  const size_t step_count = plan.steps.size();
  plan.block_of_value.assign(value_count, -1);
  plan.result_of_value.assign(value_count, -1);
  plan.block_of_workspace.assign(graph.nodes.size(), -1);

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

  std::vector<size_t> first(value_count, step_count);
  std::vector<size_t> last(value_count, 0);
  const auto touch = [&](int64_t value, size_t step) {
    const size_t owner = static_cast<size_t>(root(graph, value));
    first[owner] = std::min(first[owner], step);
    last[owner] = std::max(last[owner], step);
  };
  for (size_t step = 0; step < step_count; ++step) {
    for (const size_t n : plan.steps[step].nodes) {
      for_each_access(graph.nodes[n], [&](int64_t value, bool, bool) {
        if (!plan.in_scratch[static_cast<size_t>(root(graph, value))]) touch(value, step);
      });
    }
  }
  for (const int64_t result : plan.copied_results) {
    touch(graph.results[static_cast<size_t>(result)].value, plan.commit_step);
  }

  for (const Undo& undo : graph.undos) touch(undo.copy, plan.commit_step);

  for (size_t v = 0; v < value_count; ++v) {
    const bool owns = graph.values[v].kind == Value::Kind::result && graph.values[v].alias < 0;
    if (!owns || plan.result_of_value[v] >= 0 || first[v] > last[v]) continue;
    plan.block_of_value[v] = static_cast<int64_t>(plan.blocks.size());
    plan.blocks.push_back({aligned(value_bytes(plan.shapes.values[v])), first[v], last[v], 0});
  }
  for (size_t step = 0; step < step_count; ++step) {
    if (plan.steps[step].rows != nullptr) {
      const RowBlocks& rows = *plan.steps[step].rows;
      plan.steps[step].scratch = static_cast<int64_t>(plan.blocks.size());
      plan.blocks.push_back({aligned(static_cast<size_t>(rows.scratch * rows.lanes)), step, step, 0});
      continue;
    }
    for (const size_t n : plan.steps[step].nodes) {
      if (plan.shapes.workspaces[n] == 0) continue;
      plan.block_of_workspace[n] = static_cast<int64_t>(plan.blocks.size());
      plan.blocks.push_back({aligned(plan.shapes.workspaces[n]), step, step, 0});
    }
  }
  plan.preparations = find_preparations(graph, context, plan);
  std::vector<size_t> step_of(graph.nodes.size(), 0);
  for (size_t step = 0; step < step_count; ++step) {
    for (const size_t n : plan.steps[step].nodes) step_of[n] = step;
  }
  for (size_t i = 0; i < plan.preparations.size(); ++i) {
    Preparation& preparation = plan.preparations[i];
    if (preparation.kept) plan.kept_bytes += preparation.what.bytes;
    if (preparation.kept && !preparation.needed) continue;
    // the stand-in of a kept one is for those that can't do without
    const auto needs = [&](size_t n) { return !preparation.kept || plan.steps[step_of[n]].rows != nullptr; };
    const size_t user = *std::find_if(preparation.nodes.begin(), preparation.nodes.end(), needs);
    preparation.block = static_cast<int64_t>(plan.blocks.size());
    plan.blocks.push_back({aligned(preparation.what.bytes), step_of[user], step_of[preparation.nodes.back()], 0});
    plan.steps[step_of[user]].makes.push_back(i);
  }
  for (const Block& block : plan.blocks) plan.value_bytes += block.bytes;
  plan.arena_bytes = place_blocks(plan.blocks);
  return plan;
}

double planned_flops(const Plan& plan) {
  double total = 0;
  for (size_t n = 0; n < plan.live.size(); ++n) {
    if (plan.live[n]) total += plan.shapes.flops[n];
  }
  return total;
}

}  // namespace fastnn
