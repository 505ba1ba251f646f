// arena.cpp: where values live: results in the caller's memory, the rest in one arena, by lifetimes.
#include <algorithm>
#include <numeric>

#include "program/passes.h"
#include "program/rows.h"

namespace fastnn {
namespace {

constexpr size_t kBlockAlignment = 64;

size_t value_bytes(const fastnn_tensor& t) {
  return static_cast<size_t>(checked_multiply(element_count(t), item_size(t.dtype)));
}

size_t aligned(size_t bytes) {
  return static_cast<size_t>(round_up(static_cast<int64_t>(bytes), static_cast<int64_t>(kBlockAlignment)));
}

// The steps between which the memory of root values is needed.
struct Lives {
  std::vector<size_t> first, last;  // per root value; first after last: never
};

Lives find_lives(const fastnn_graph& graph, const Plan& plan) {
  Lives lives{std::vector<size_t>(graph.values.size(), plan.steps.size()), std::vector<size_t>(graph.values.size(), 0)};
  const auto touch = [&](int64_t value, size_t step) {
    const size_t owner = static_cast<size_t>(root(graph, value));
    lives.first[owner] = std::min(lives.first[owner], step);
    lives.last[owner] = std::max(lives.last[owner], step);
  };
  for (size_t step = 0; step < plan.steps.size(); ++step) {
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
  return lives;
}

// Whether the buffer of a value still holds it at the end: nothing adds into it later.
bool is_newest(const fastnn_graph& graph, const Shapes& shapes, int64_t value) {
  const int64_t owner = root(graph, value);
  for (size_t v = static_cast<size_t>(value) + 1; v < graph.values.size(); ++v) {
    const Value& later = graph.values[v];
    if (root(graph, static_cast<int64_t>(v)) == owner && later.alias >= 0 && later.kind == Value::Kind::result &&
        shapes.values[v].byte_offset == shapes.values[static_cast<size_t>(owner)].byte_offset) {
      return false;
    }
  }
  return true;
}

}  // namespace

size_t place_blocks(std::vector<Block>& blocks) {
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return blocks[a].bytes != blocks[b].bytes ? blocks[a].bytes > blocks[b].bytes : a < b;
  });
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

void place_results(Planning& planning) {
  const fastnn_graph& graph = planning.graph;
  Plan& plan = planning.plan;
  for (size_t r = 0; r < graph.results.size(); ++r) {
    const int64_t value = graph.results[r].value;
    const size_t owner = static_cast<size_t>(root(graph, value));
    const fastnn_tensor& t = plan.shapes.values[static_cast<size_t>(value)];
    const bool whole = graph.values[owner].kind == Value::Kind::result && plan.result_of_value[owner] < 0 &&
                       is_newest(graph, plan.shapes, value) && is_contiguous(t) && t.byte_offset == 0 &&
                       value_bytes(t) == value_bytes(plan.shapes.values[owner]);
    if (whole) {
      plan.result_of_value[owner] = static_cast<int64_t>(r);
    } else {
      plan.copied_results.push_back(static_cast<int64_t>(r));
    }
  }
}

void lay_out_arena(Planning& planning) {
  const fastnn_graph& graph = planning.graph;
  Plan& plan = planning.plan;
  const auto add_block = [&](size_t bytes, size_t first, size_t last) {
    plan.blocks.push_back({aligned(bytes), first, last, 0});
    return static_cast<int64_t>(plan.blocks.size()) - 1;
  };
  const Lives lives = find_lives(graph, plan);
  for (size_t v = 0; v < graph.values.size(); ++v) {
    const bool owns = graph.values[v].kind == Value::Kind::result && graph.values[v].alias < 0;
    if (!owns || plan.result_of_value[v] >= 0 || lives.first[v] > lives.last[v]) continue;
    plan.block_of_value[v] = add_block(value_bytes(plan.shapes.values[v]), lives.first[v], lives.last[v]);
  }
  std::vector<size_t> step_of(graph.nodes.size(), 0);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    PlannedStep& step = plan.steps[i];
    for (const size_t n : step.nodes) step_of[n] = i;
    if (step.rows != nullptr) {
      step.scratch = add_block(static_cast<size_t>(step.rows->scratch * step.rows->lanes), i, i);
      continue;
    }
    for (const size_t n : step.nodes) {
      if (plan.shapes.workspaces[n] > 0) plan.block_of_workspace[n] = add_block(plan.shapes.workspaces[n], i, i);
    }
  }
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    for (const size_t made : plan.steps[i].makes) {
      Preparation& preparation = plan.preparations[made];
      preparation.block = add_block(preparation.what.bytes, i, step_of[preparation.nodes.back()]);
    }
  }
  for (const Block& block : plan.blocks) plan.value_bytes += block.bytes;
  plan.arena_bytes = place_blocks(plan.blocks);
}

}  // namespace fastnn
