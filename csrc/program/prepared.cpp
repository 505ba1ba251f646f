// prepared.cpp: which calls prepare the same, and weights that are kept prepared.
#include "program/prepared.h"

#include <pthread.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <mutex>

#include "program/passes.h"

namespace fastnn {
namespace {

// All that decides what is prepared, as numbers that are compared.
using Key = std::vector<uint64_t>;

void add_form(Key& key, const fastnn_preparation& what) {
  key.push_back(what.bytes);
  std::transform(std::begin(what.form), std::end(what.form), std::back_inserter(key),
                 [](int64_t number) { return static_cast<uint64_t>(number); });
}

void add_shape(Key& key, const fastnn_tensor& t) {
  key.push_back(uint64_t{t.dtype.code} << 32 | uint64_t{t.dtype.bits} << 16 | static_cast<uint64_t>(t.rank));
  for (int32_t axis = 0; axis < t.rank; ++axis) {
    key.push_back(static_cast<uint64_t>(t.shape[axis]));
    key.push_back(static_cast<uint64_t>(t.strides[axis]));
  }
}

// Calls body(value) for the values that a preparation of a node is made of.
template <typename Body>
void for_each_source(const Node& node, const fastnn_preparation& what, Body&& body) {
  for (uint64_t rest = what.inputs; rest != 0; rest &= rest - 1) {
    body(node.inputs[static_cast<size_t>(std::countr_zero(rest))]);
  }
}

bool is_exposed(const fastnn_storage* storage) {
  return storage != nullptr && storage->exposed.load(std::memory_order_relaxed);
}

// Whether it is memory from outside whose version tells when it changes.
bool is_watched(const fastnn_graph& graph, int64_t owner) {
  const Value& value = graph.values[static_cast<size_t>(owner)];
  const bool outside = value.kind == Value::Kind::state || value.kind == Value::Kind::constant;
  return outside && !is_exposed(value.storage.get());
}

// Kept weights of this process by what they are made of. Never destroyed.
struct Registry {
  std::mutex mutex;
  std::map<Key, std::weak_ptr<KeptWeights>> kept;

  Registry() {
    // as the op table does: a fork must not leave the child's lock taken
    const auto lock = [] { instance().mutex.lock(); };
    const auto unlock = [] { instance().mutex.unlock(); };
    if (pthread_atfork(lock, unlock, unlock) != 0) throw std::bad_alloc();
  }
  static Registry& instance() {
    static Registry& registry = *new Registry;
    return registry;
  }
};

}  // namespace

fastnn_preparation preparation_of(const fastnn_graph& graph, const Node& node, const fastnn_context& context,
                                  const Shapes& shapes) {
  fastnn_preparation what{};
  what.struct_size = sizeof(what);
  const fastnn_implementation* implementation = fastnn_find_implementation(node.op, context.device.type);
  if (implementation == nullptr || implementation->describe == nullptr) return what;
  // describe writes no output
  NodeCall described(graph, node, context, const_cast<std::vector<fastnn_tensor>&>(shapes.values));
  described.call.user_data = implementation->user_data;
  const fastnn_status status = implementation->describe(&described.call, &what);
  if (status != FASTNN_OK) throw Error(status, fastnn_last_error());
  return what;
}

namespace {

// Those that a plan, whose steps are known, has a use for.
std::vector<Preparation> find_preparations(const fastnn_graph& graph, const fastnn_context& context, const Plan& plan) {
  const std::vector<fastnn_tensor>& values = plan.shapes.values;
  std::vector<uint64_t> writes_before(graph.values.size(), 0), writes(graph.values.size(), 0);
  const auto count_writes = [&](std::vector<uint64_t>& counts, size_t n) {
    for_each_access(graph.nodes[n], [&](int64_t value, bool, bool written) {
      counts[static_cast<size_t>(root(graph, value))] += written;
    });
  };
  for (const PlannedStep& step : plan.steps) {
    for (const size_t n : step.nodes) count_writes(writes, n);
  }
  std::vector<Preparation> found;
  std::map<Key, size_t> known;
  for (const PlannedStep& step : plan.steps) {
    for (const size_t n : step.nodes) {
      const Node& node = graph.nodes[n];
      const fastnn_preparation what = preparation_of(graph, node, context, plan.shapes);
      if (what.bytes > 0) {
        Key key;
        add_form(key, what);
        bool kept = true;
        for_each_source(node, what, [&](int64_t value) {
          const fastnn_tensor& t = values[static_cast<size_t>(value)];
          const size_t owner = static_cast<size_t>(root(graph, value));
          key.insert(key.end(), {owner, t.byte_offset, writes_before[owner]});
          add_shape(key, t);
          kept = kept && is_watched(graph, static_cast<int64_t>(owner)) && writes[owner] == 0;
        });
        const auto [entry, is_new] = known.try_emplace(std::move(key), found.size());
        if (is_new) found.push_back({what, {}, kept, false, -1});
        Preparation& preparation = found[entry->second];
        preparation.nodes.push_back(n);
        preparation.what.lasting &= what.lasting;
        preparation.needed = preparation.needed || step.rows != nullptr;
      }
      count_writes(writes_before, n);
    }
  }
  std::erase_if(
      found, [](const Preparation& p) { return !p.kept && !p.needed && (p.nodes.size() < 2 || p.what.lasting != 0); });
  return found;
}

}  // namespace

void prepare_weights(Planning& planning) {
  Plan& plan = planning.plan;
  plan.preparations = find_preparations(planning.graph, planning.context, plan);
  std::vector<size_t> step_of(planning.graph.nodes.size(), 0);
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    for (const size_t n : plan.steps[step].nodes) step_of[n] = step;
  }
  for (size_t i = 0; i < plan.preparations.size(); ++i) {
    const Preparation& preparation = plan.preparations[i];
    if (preparation.kept) plan.kept_bytes += preparation.what.bytes;
    if (preparation.kept && !preparation.needed) continue;
    // the stand-in of a kept one is for those that can't do without
    const auto needs = [&](size_t n) { return !preparation.kept || plan.steps[step_of[n]].rows != nullptr; };
    const size_t user = *std::find_if(preparation.nodes.begin(), preparation.nodes.end(), needs);
    plan.steps[step_of[user]].makes.push_back(i);
  }
}

const void* KeptWeights::hold(const fastnn_implementation& implementation, const fastnn_call& call, const char* level,
                              bool lasting) {
  for (const StorageReference& source : sources_) {
    if (is_exposed(source.get())) return nullptr;
  }
  int64_t users = users_.load(std::memory_order_relaxed);
  do {
    if (users < 0) return nullptr;
  } while (!users_.compare_exchange_weak(users, users + 1, std::memory_order_acquire, std::memory_order_relaxed));
  uint64_t version = 0;
  for (const StorageReference& source : sources_) version += fastnn_storage_version(source.get());
  if (made_by_ == level && made_of_ == version) return memory_.get()->data;
  const bool seen = seen_.exchange(version, std::memory_order_relaxed) == version;
  int64_t alone = 1;
  if ((lasting && !seen) ||
      !users_.compare_exchange_strong(alone, -1, std::memory_order_acquire, std::memory_order_relaxed)) {
    let_go();
    return nullptr;
  }
  const bool made = implementation.prepare(&call, memory_.get()->data) == FASTNN_OK;
  made_by_ = made ? level : nullptr;
  made_of_ = version;
  users_.store(made ? 1 : 0, std::memory_order_release);
  return made ? memory_.get()->data : nullptr;
}

std::shared_ptr<KeptWeights> kept_weights(const fastnn_graph& graph, const Preparation& preparation) {
  const Node& node = graph.nodes[preparation.nodes.front()];
  Key key;
  add_form(key, preparation.what);
  std::vector<StorageReference> sources;
  for_each_source(node, preparation.what, [&](int64_t value) {
    const fastnn_tensor& t = graph.values[static_cast<size_t>(value)].recorded;
    sources.push_back(graph.values[static_cast<size_t>(root(graph, value))].storage);
    // several storages may be over the same memory, and a write raises the version of one of them
    key.insert(key.end(),
               {reinterpret_cast<uintptr_t>(sources.back().get()), reinterpret_cast<uintptr_t>(t.data), t.byte_offset});
    add_shape(key, t);
  });
  Registry& registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  std::erase_if(registry.kept, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<KeptWeights>& entry = registry.kept[std::move(key)];
  std::shared_ptr<KeptWeights> result = entry.lock();
  if (result == nullptr) {
    result = std::make_shared<KeptWeights>(std::move(sources), new_storage(graph.device, preparation.what.bytes));
    entry = result;
  }
  return result;
}

}  // namespace fastnn
