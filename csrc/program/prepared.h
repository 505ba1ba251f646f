// prepared.h: weights as products read them, packed or transformed once for many runs. What a call may prepare, its op says
// (fastnn_preparation); the bits of a run don't depend on it. Weights that no op of a step writes are prepared outside
// the arena, once for all programs that read them, and again when they have changed; others once in every run, in the
// arena, where at least two calls need the same.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "fastnn/plugin.h"
#include "program/graph.h"

namespace fastnn {

struct Plan;

// What some calls of a plan prepare together.
struct Preparation {
  fastnn_preparation what{};
  std::vector<size_t> nodes;  // in the order they run
  bool kept = false;          // from run to run; else the first of the nodes makes it, in a block of the arena
  bool needed = false;        // one of the nodes walks the items of the batch: kept ones have a block too, to stand in
  int64_t block = -1;         // of the arena, for those that are made in a run
};

// What a node's call could have prepared.
fastnn_preparation preparation_of(const fastnn_graph& graph, const Node& node, const fastnn_context& context,
                                  const Shapes& shapes);

// Prepared weights that are kept. Any number of threads read them, while one makes them none does, and nobody waits.
class KeptWeights {
 public:
  KeptWeights(std::vector<StorageReference> sources, StorageReference memory)
      : sources_(std::move(sources)), memory_(std::move(memory)) {}

  // What is prepared of the weights as they are now, to be let go after use. NULL where that is not to be had, because
  // others still read what the weights were, or make it anew, or may write them unseen: then an op prepares its own. level names the kernels.
  // lasting: not made before a second run finds the same weights.
  const void* hold(const fastnn_implementation& implementation, const fastnn_call& call, const char* level,
                   bool lasting);
  void let_go() { users_.fetch_sub(1, std::memory_order_release); }

 private:
  std::vector<StorageReference> sources_;
  StorageReference memory_;
  std::atomic<int64_t> users_ = 0;             // -1: it is being made
  std::atomic<uint64_t> seen_ = ~uint64_t{0};  // the versions that a run found last
  // read by users, written while there are none
  uint64_t made_of_ = 0;  // the sum of the sources' versions
  const char* made_by_ = nullptr;
};

// The kept weights of a preparation, which programs share.
std::shared_ptr<KeptWeights> kept_weights(const fastnn_graph& graph, const Preparation& preparation);

}  // namespace fastnn
