// fusion.cpp: groups of nodes, merged while the graph of groups has no cycle, and their order.
#include "program/fusion.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "program/ordering.h"
#include "program/rows.h"

namespace fastnn {
namespace {

constexpr size_t kMostMembers = 64;
constexpr size_t kNear = 16;  // nodes between two that join only because they read the same memory

using Group = std::vector<size_t>;  // nodes, in order

bool may_walk(const fastnn_graph& graph, const Shapes& shapes, size_t n) {
  const Node& node = graph.nodes[n];
  const int64_t input_count = static_cast<int64_t>(node.inputs.size());
  if (n >= graph.commit_begin || writes_state(graph, node)) return false;
  const bool elementwise = node.op->schema.elementwise != 0 && shapes.workspaces[n] == 0;
  if (!elementwise && !walks_rows(graph, shapes, n)) return false;
  for (int64_t i = 0; i < input_count; ++i) {
    if (input_schema(node.op->schema, input_count, i).role == FASTNN_UPDATE) return false;
  }
  return node.inputs.size() + node.outputs.size() <= static_cast<size_t>(kMemberTensors);
}

class Fusion {
 public:
  Fusion(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses, const fastnn_context& context,
         const std::vector<bool>& runs)
      : graph_(graph), shapes_(shapes), uses_(uses), context_(context), runs_(runs), group_of_(graph.nodes.size()) {
    const size_t count = graph.nodes.size();
    before_.resize(count);
    after_.resize(count);
    groups_.resize(count);
    seen_.assign(count, 0);
    crossings_.assign(count, 0);
    std::vector<int64_t> writer(graph.values.size(), -1);
    std::vector<std::vector<size_t>> readers(graph.values.size());
    int64_t barrier = -1;       // the last write of state before the commit: nothing that may fail passes it
    std::vector<size_t> since;  // nodes after it
    for (size_t n = 0; n < count; ++n) {
      group_of_[n] = n;
      if (!runs[n]) continue;
      groups_[n] = {n};
      if (n < graph.commit_begin) {
        if (barrier >= 0) wait(n, static_cast<size_t>(barrier));
        if (writes_state(graph, graph.nodes[n])) {
          for (const size_t other : since) wait(n, other);
          since.clear();
          barrier = static_cast<int64_t>(n);
        } else {
          since.push_back(n);
        }
      }
      for_each_access(graph.nodes[n], [&](int64_t value, bool reads, bool writes) {
        const size_t owner = static_cast<size_t>(root(graph, value));
        if (writer[owner] >= 0) wait(n, static_cast<size_t>(writer[owner]));
        if (reads && !writes) readers[owner].push_back(n);
        if (!writes) return;
        for (const size_t reader : readers[owner]) wait(n, reader);
        readers[owner].clear();
        writer[owner] = static_cast<int64_t>(n);
      });
    }
  }

  void merge_all() {
    for (size_t n = 0; n < graph_.commit_begin; ++n) {
      if (!runs_[n] || !may_walk(graph_, shapes_, n)) continue;
      for (const size_t other : before_[n]) merge(other, n);
      for_each_access(graph_.nodes[n], [&](int64_t value, bool, bool) {
        for (const size_t other : uses_.nodes[static_cast<size_t>(root(graph_, value))]) {
          if (other < n && n - other <= kNear && is_elementwise(other) && is_elementwise(n)) merge(other, n);
        }
      });
    }
  }

  // Groups with all they wait for in front of them; of those that are ready, the one whose last node came first.
  std::vector<Group> ordered() const {
    std::vector<size_t> waits(groups_.size(), 0);
    using Entry = std::pair<size_t, size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (const size_t n : groups_[g]) {
        for (const size_t other : before_[n]) waits[g] += group_of_[other] != g;
      }
      if (!groups_[g].empty() && waits[g] == 0) ready.push({groups_[g].back(), g});
    }
    std::vector<Group> order;
    while (!ready.empty()) {
      const size_t g = ready.top().second;
      ready.pop();
      order.push_back(groups_[g]);
      for (const size_t n : groups_[g]) {
        for (const size_t other : after_[n]) {
          const size_t h = group_of_[other];
          if (h != g && --waits[h] == 0) ready.push({groups_[h].back(), h});
        }
      }
    }
    return order;
  }

 private:
  void wait(size_t n, size_t other) {
    if (n == other || std::find(before_[n].begin(), before_[n].end(), other) != before_[n].end()) return;
    before_[n].push_back(other);
    after_[other].push_back(n);
  }

  bool is_elementwise(size_t n) const { return graph_.nodes[n].op->schema.elementwise != 0; }

  bool can_walk(const Group& nodes) const {
    if (std::all_of(nodes.begin(), nodes.end(), [&](size_t n) { return is_elementwise(n); })) {
      return make_blocks(graph_, shapes_, uses_, nodes).has_value();
    }
    return make_row_blocks(graph_, shapes_, uses_, context_, nodes).has_value();
  }

  void merge(size_t first, size_t second) {
    const size_t a = group_of_[first], b = group_of_[second];
    if (a == b || !may_walk(graph_, shapes_, first)) return;
    if (groups_[a].size() + groups_[b].size() > kMostMembers) return;
    Group both;
    std::merge(groups_[a].begin(), groups_[a].end(), groups_[b].begin(), groups_[b].end(), std::back_inserter(both));
    if (!can_walk(both) || outsider_between(both)) return;
    cross(groups_[a], -1);
    cross(groups_[b], -1);
    cross(both, 1);
    for (const size_t n : both) group_of_[n] = a;
    groups_[a] = std::move(both);
    groups_[b].clear();
  }

  // Counts a group in the places between two nodes that it reaches over.
  void cross(const Group& nodes, int32_t change) {
    for (size_t place = nodes.front() + 1; place <= nodes.back(); ++place) crossings_[place] += change;
  }

  // Whether a node outside waits for one of these while another of these waits for it.
  bool outsider_between(const Group& nodes) {
    ++stamp_;
    std::vector<size_t> open = nodes;
    bool outside = false;
    size_t cut = nodes.front();  // no group reaches over it, so nothing before it waits for these
    while (crossings_[cut] > 0) --cut;
    for (const size_t n : nodes) seen_[n] = stamp_;
    const size_t first = nodes.size();
    for (size_t next = 0; next < open.size() && !outside; ++next) {
      for (const size_t other : before_[open[next]]) {
        if (other < cut) continue;
        if (seen_[other] == stamp_) {
          // met again from outside: a member
          outside = outside || (next >= first && std::binary_search(nodes.begin(), nodes.end(), other));
          continue;
        }
        for (const size_t n : groups_[group_of_[other]]) {
          seen_[n] = stamp_;
          open.push_back(n);
        }
      }
    }
    return outside;
  }

  const fastnn_graph& graph_;
  const Shapes& shapes_;
  const Uses& uses_;
  const fastnn_context& context_;
  const std::vector<bool>& runs_;
  std::vector<size_t> group_of_;             // per node
  std::vector<Group> groups_;                // named by the first node they began with; empty: merged, or nothing runs
  std::vector<std::vector<size_t>> before_;  // per node: those it waits for
  std::vector<std::vector<size_t>> after_;
  std::vector<int32_t> crossings_;  // per node: groups with nodes before it and from it on
  std::vector<uint64_t> seen_;
  uint64_t stamp_ = 0;
};

}  // namespace

std::vector<std::vector<size_t>> fuse(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                                      const fastnn_context& context, const std::vector<bool>& runs) {
  Fusion fusion(graph, shapes, uses, context, runs);
  fusion.merge_all();
  return fusion.ordered();
}

}  // namespace fastnn
