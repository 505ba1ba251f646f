// plan.cpp: the list of passes, and what is counted of a plan.
#include "program/plan.h"

#include <algorithm>

#include "program/fusion.h"
#include "program/passes.h"
#include "program/rows.h"

namespace fastnn {
namespace {

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
    const fastnn_tensor& t = shapes.values[v];
    const int64_t bytes = checked_multiply(element_count(t), item_size(t.dtype));
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

bool runs(const fastnn_graph& graph, const Plan& plan, size_t n) {
  return plan.live[n] && !is_free_view(graph, graph.nodes[n]);
}

void find_commit(Planning& planning) {
  const std::vector<PlannedStep>& steps = planning.plan.steps;
  const auto begins = std::find_if(steps.begin(), steps.end(), [&](const PlannedStep& step) {
    return step.nodes.back() >= planning.graph.commit_begin;
  });
  planning.plan.commit_step = static_cast<size_t>(begins - steps.begin());
}

std::vector<bool> running_nodes(const Planning& planning) {
  std::vector<bool> running(planning.graph.nodes.size());
  for (size_t n = 0; n < running.size(); ++n) running[n] = runs(planning.graph, planning.plan, n);
  return running;
}

Planning begin_planning(fastnn_graph& graph, const fastnn_context& context, int64_t batch) {
  Planning planning{graph, context, batch, {}};
  Plan& plan = planning.plan;
  plan.shapes = infer_shapes(graph, context, batch);
  plan.eager_bytes = eager_peak(graph, plan.shapes);
  plan.live.assign(graph.nodes.size(), true);
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (runs(graph, plan, n)) plan.steps.emplace_back().nodes = {n};
  }
  plan.in_scratch.assign(graph.values.size(), false);
  plan.block_of_value.assign(graph.values.size(), -1);
  plan.result_of_value.assign(graph.values.size(), -1);
  plan.block_of_workspace.assign(graph.nodes.size(), -1);
  find_commit(planning);
  return planning;
}

void run_pass(Planning& planning, const Pass& pass) {
  pass.run(planning);
  if (pass.changes_graph) planning.plan.shapes = infer_shapes(planning.graph, planning.context, planning.batch);
  find_commit(planning);
}

void count_moved_bytes(Planning& planning) {
  Plan& plan = planning.plan;
  const Uses uses = find_uses(planning.graph, running_nodes(planning));
  for (const PlannedStep& step : plan.steps) {
    plan.moved_bytes += moved_bytes(planning.graph, plan.shapes, uses, step.nodes);
    for (const size_t n : step.nodes) plan.unfused_bytes += moved_bytes(planning.graph, plan.shapes, uses, {n});
  }
}

void run_together(Planning& planning) {
  const fastnn_graph& graph = planning.graph;
  Plan& plan = planning.plan;
  if (planning.context.device.type != FASTNN_CPU) return;  // the device's ops are elsewhere
  const std::vector<bool> running = running_nodes(planning);
  const Uses uses = find_uses(graph, running);
  plan.steps.clear();
  for (std::vector<size_t>& nodes : fuse(graph, plan.shapes, uses, planning.context, running)) {
    PlannedStep& step = plan.steps.emplace_back();
    step.nodes = std::move(nodes);
    if (step.nodes.size() == 1) continue;
    const bool elements = std::all_of(step.nodes.begin(), step.nodes.end(),
                                      [&](size_t n) { return graph.nodes[n].op->schema.elementwise != 0; });
    if (elements) {
      step.blocks = std::make_shared<const Blocks>(make_blocks(graph, plan.shapes, uses, step.nodes).value());
    } else {
      step.rows = std::make_shared<const RowBlocks>(
          make_row_blocks(graph, plan.shapes, uses, planning.context, step.nodes).value());
    }
    for (size_t v = 0; v < graph.values.size(); ++v) {
      if (!uses.nodes[v].empty() && is_local(uses, v, step.nodes)) plan.in_scratch[v] = true;
    }
  }
}

constexpr Pass kPasses[] = {
    {"forward_copies", forward_copies, true},
    {"split_accumulations", split_accumulations, true},
    {"join_relu_gradients", join_relu_gradients, true},
    {"pool_relu_gradients", pool_relu_gradients, true},
    {"pool_convolutions", pool_convolutions, true},
    {"drop_dead_nodes", drop_dead_nodes, false},
    {"narrow_outputs", narrow_outputs, true},
    {"run_together", run_together, false},
    {"place_results", place_results, false},
    {"prepare_weights", prepare_weights, false},
    {"lay_out_arena", lay_out_arena, false},
};

}  // namespace

std::span<const Pass> passes() { return kPasses; }

Plan make_plan(fastnn_graph& graph, const fastnn_context& context, int64_t batch) {
  Planning planning = begin_planning(graph, context, batch);
  for (const Pass& pass : kPasses) run_pass(planning, pass);
  count_moved_bytes(planning);
  return std::move(planning.plan);
}

std::string planned_text(const fastnn_graph& graph, const fastnn_context& context, int64_t batch,
                         std::span<const char* const> names) {
  fastnn_graph planned = graph;  // passes change it
  Planning planning = begin_planning(planned, context, batch);
  const Pass* next = std::begin(kPasses);
  for (const std::string_view name : names) {
    const auto is_named = [&](const Pass& pass) { return pass.name == name; };
    const Pass* const pass = std::find_if(next, std::end(kPasses), is_named);
    if (pass == std::end(kPasses)) {
      const bool known = std::any_of(std::begin(kPasses), next, is_named);
      value_error("graph_planned_text: expected passes ", known ? "in their order" : "by their names", ", got ", name);
    }
    run_pass(planning, *pass);
    next = pass + 1;
  }
  count_moved_bytes(planning);
  return plan_text(planned, planning.plan, batch);
}

double planned_flops(const Plan& plan) {
  double total = 0;
  for (size_t n = 0; n < plan.live.size(); ++n) {
    if (plan.live[n]) total += plan.shapes.flops[n];
  }
  return total;
}

}  // namespace fastnn
