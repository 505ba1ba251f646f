// blocks.cpp: the dimensions of a walk, the places in its scratch, and the walk itself.
#include "program/blocks.h"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "core/parallel.h"
#include "program/plan.h"

namespace fastnn {
namespace {

constexpr int64_t kBlockElements = 2048;  // most in a block: three blocks of floats fit into the scratch
constexpr int64_t kLeastElements = 256;
constexpr int64_t kChunkElements = 16384;  // work for a thread
constexpr int64_t kAlignment = 64;
constexpr double kNanoseconds = 0.4;  // an op on an element in the cache

// Dimensions of an operand that lie in one line, innermost first.
struct Line {
  int64_t size, stride;
};

// The lines of an operand as it repeats to the shape of the output; false when it does not.
bool find_lines(const fastnn_tensor& operand, const fastnn_tensor& whole, std::vector<Line>& lines) {
  lines.clear();
  if (operand.rank > whole.rank) return false;
  for (int32_t axis = whole.rank - 1; axis >= 0; --axis) {
    const int32_t own = axis - (whole.rank - operand.rank);
    const int64_t size = whole.shape[axis];
    if (own >= 0 && operand.shape[own] != size && operand.shape[own] != 1) return false;
    if (size == 1) continue;
    const int64_t stride = own < 0 || operand.shape[own] == 1 ? 0 : operand.strides[own];
    if (!lines.empty() && stride == lines.back().stride * lines.back().size) {
      lines.back().size *= size;
    } else {
      lines.push_back({size, stride});
    }
  }
  return true;
}

bool is_full(const std::vector<Line>& lines) { return lines.empty() || (lines.size() == 1 && lines[0].stride == 1); }

struct Operand {
  int64_t value = -1;  // -1: absent, or only its shape is looked at
  std::vector<Line> lines;
};

// Every tensor of every member with its lines.
class Walk {
 public:
  Walk(const fastnn_graph& graph, const Shapes& shapes) : graph_(graph), shapes_(shapes) {}

  bool add(const Node& node) {
    const fastnn_tensor* whole = nullptr;
    for (const int64_t value : node.outputs) {
      if (value < 0) continue;
      const fastnn_tensor& output = tensor(value);
      if (!is_contiguous(output) || (whole != nullptr && !same_shape(output, *whole))) return false;
      whole = &output;
    }
    if (whole == nullptr) return false;
    const int64_t count = element_count(*whole);
    if (count == 0 || (elements_ != 0 && count != elements_)) return false;
    elements_ = count;
    const int64_t input_count = static_cast<int64_t>(node.inputs.size());
    for (int64_t i = 0; i < input_count; ++i) {
      const int64_t value = node.inputs[static_cast<size_t>(i)];
      if (value >= 0 && input_schema(node.op->schema, input_count, i).role == FASTNN_SHAPE) {
        operands_.push_back({-1, {{count, 1}}});
      } else if (!add_operand(value, *whole)) {
        return false;
      }
    }
    for (const int64_t value : node.outputs) {
      if (!add_operand(value, *whole)) return false;
      if (value >= 0) written_.push_back(value);
    }
    return true;
  }

  // Memory that a member writes must mean the same element to all of them.
  bool agrees() const {
    for (const int64_t written : written_) {
      const int64_t owner = root(graph_, written);
      for (const Operand& operand : operands_) {
        if (operand.value < 0 || root(graph_, operand.value) != owner) continue;
        const fastnn_tensor &a = tensor(written), &b = tensor(operand.value);
        if (!is_full(operand.lines) || a.byte_offset != b.byte_offset || item_size(a.dtype) != item_size(b.dtype)) {
          return false;
        }
      }
    }
    return true;
  }

  // Cuts the elements where any operand's lines end; false when that gives no common dimensions.
  bool find_sizes(Blocks& blocks) const {
    std::vector<int64_t> cuts;
    for (const Operand& operand : operands_) {
      int64_t inner = 1;
      for (const Line& line : operand.lines) cuts.push_back(inner *= line.size);
    }
    cuts.push_back(elements_);
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    if (cuts.size() > FASTNN_MAX_RANK) return false;
    blocks.elements = elements_;
    blocks.rank = static_cast<int32_t>(cuts.size());
    int64_t inner = 1;
    for (int32_t d = blocks.rank - 1; d >= 0; --d) {
      const int64_t cut = cuts[static_cast<size_t>(blocks.rank - 1 - d)];
      if (cut % inner != 0) return false;
      blocks.sizes[d] = cut / inner;
      inner = cut;
    }
    return true;
  }

  // The strides of operand `index` along the dimensions of the walk.
  BlockOperand block_operand(const Blocks& blocks, size_t index) const {
    BlockOperand result;
    const std::vector<Line>& lines = operands_[index].lines;
    size_t line = 0;
    int64_t begin = 1;  // elements before the line
    int64_t inner = 1;  // elements before the dimension
    for (int32_t d = blocks.rank - 1; d >= 0; --d) {
      while (line < lines.size() && inner >= begin * lines[line].size) begin *= lines[line++].size;
      result.strides[d] = line < lines.size() ? lines[line].stride * (inner / begin) : 0;
      inner *= blocks.sizes[d];
    }
    return result;
  }

  bool full(size_t index) const { return is_full(operands_[index].lines); }

 private:
  const fastnn_tensor& tensor(int64_t value) const { return shapes_.values[static_cast<size_t>(value)]; }

  bool add_operand(int64_t value, const fastnn_tensor& whole) {
    Operand& operand = operands_.emplace_back();
    operand.value = value;
    return value < 0 || find_lines(tensor(value), whole, operand.lines);
  }

  const fastnn_graph& graph_;
  const Shapes& shapes_;
  int64_t elements_ = 0;
  std::vector<Operand> operands_;
  std::vector<int64_t> written_;
};

// Cuts the walk into blocks of at most so many elements. by_position: each must begin at a multiple of 4.
bool split_walk(Blocks& blocks, int64_t most, bool by_position) {
  blocks.inner = 1;
  blocks.split = blocks.rank - 1;
  while (blocks.split > 0 && blocks.inner * blocks.sizes[blocks.split] <= most) {
    blocks.inner *= blocks.sizes[blocks.split--];
  }
  const int64_t size = blocks.sizes[blocks.split];
  blocks.rows = std::clamp<int64_t>(most / blocks.inner, 1, size);
  for (const int64_t elements : {16, 4}) {  // whole vectors where it can be, else whole draws of random numbers
    const int64_t rows = elements / std::gcd(elements, blocks.inner);
    if (blocks.rows == size || blocks.rows < rows) continue;
    blocks.rows -= blocks.rows % rows;
    break;
  }
  const bool rows_begin_well = blocks.rows == size || blocks.rows * blocks.inner % 4 == 0;
  const bool planes_begin_well = blocks.split == 0 || size * blocks.inner % 4 == 0;
  return !by_position || (rows_begin_well && planes_begin_well);
}

// Members read and write the scratch in the order of the nodes: places are shared like those of the arena.
struct Places {
  std::vector<int64_t> owners;  // root values
  std::vector<Block> blocks;
  size_t bytes = 0;
};

Places place_scratch(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                     const std::vector<size_t>& nodes, int64_t elements) {
  Places places;
  for (size_t n = 0; n < nodes.size(); ++n) {
    for_each_access(graph.nodes[nodes[n]], [&](int64_t value, bool, bool) {
      const int64_t owner = root(graph, value);
      const auto known = std::find(places.owners.begin(), places.owners.end(), owner);
      if (known != places.owners.end()) {
        places.blocks[static_cast<size_t>(known - places.owners.begin())].last = n;
      } else if (is_local(uses, static_cast<size_t>(owner), nodes)) {
        const int64_t bytes = elements * item_size(shapes.values[static_cast<size_t>(value)].dtype);
        places.owners.push_back(owner);
        places.blocks.push_back({static_cast<size_t>(round_up(bytes, kAlignment)), n, n, 0});
      }
    });
  }
  places.bytes = place_blocks(places.blocks);
  return places;
}

// A block: where it begins, and how much of the split dimension it has.
struct Place {
  int64_t index[FASTNN_MAX_RANK];  // along the dimensions up to the split one
  int64_t first;                   // elements before it
  int64_t rows;
};

Place place_block(const Blocks& blocks, int64_t index) {
  Place place;
  const int64_t size = blocks.sizes[blocks.split];
  const int64_t pieces = ceil_divide(size, blocks.rows);
  const int64_t row = index % pieces * blocks.rows;
  int64_t plane = index / pieces;
  place.index[blocks.split] = row;
  place.first = (plane * size + row) * blocks.inner;
  place.rows = std::min(blocks.rows, size - row);
  for (int32_t d = blocks.split - 1; d >= 0; --d) {
    place.index[d] = plane % blocks.sizes[d];
    plane /= blocks.sizes[d];
  }
  return place;
}

// The part of a tensor that a block has.
void set_part(const Blocks& blocks, const Place& place, const BlockOperand& operand, bool flat, char* scratch,
              const fastnn_tensor& whole, fastnn_tensor& part) {
  part.struct_size = sizeof(fastnn_tensor);
  part.dtype = whole.dtype;
  part.device = whole.device;
  part.flags = whole.flags;
  part.storage = nullptr;
  part.identity = 0;
  if (operand.scratch >= 0) {
    part.data = scratch + operand.scratch;
    part.byte_offset = 0;
  } else {
    int64_t offset = 0;
    for (int32_t d = 0; d <= blocks.split; ++d) offset += place.index[d] * operand.strides[d];
    part.data = whole.data;
    part.byte_offset = whole.byte_offset + static_cast<uint64_t>(offset * item_size(whole.dtype));
  }
  if (flat) {
    part.rank = 1;
    part.shape[0] = place.rows * blocks.inner;
    part.strides[0] = 1;
    return;
  }
  part.rank = blocks.rank - blocks.split;
  for (int32_t d = blocks.split; d < blocks.rank; ++d) {
    const bool repeats = operand.strides[d] == 0;
    const int64_t size = d == blocks.split ? place.rows : blocks.sizes[d];
    part.shape[d - blocks.split] = repeats ? 1 : size;
    part.strides[d - blocks.split] = operand.strides[d];
  }
}

}  // namespace

Uses find_uses(const fastnn_graph& graph, const std::vector<bool>& runs) {
  Uses uses;
  uses.nodes.resize(graph.values.size());
  uses.kept.resize(graph.values.size());
  for (size_t v = 0; v < graph.values.size(); ++v) uses.kept[v] = graph.values[v].kind != Value::Kind::result;
  for (const Result& result : graph.results) uses.kept[static_cast<size_t>(root(graph, result.value))] = true;
  for (const Undo& undo : graph.undos) uses.kept[static_cast<size_t>(root(graph, undo.copy))] = true;
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!runs[n]) continue;
    for_each_access(graph.nodes[n], [&](int64_t value, bool, bool) {
      std::vector<size_t>& nodes = uses.nodes[static_cast<size_t>(root(graph, value))];
      if (nodes.empty() || nodes.back() != n) nodes.push_back(n);
    });
  }
  return uses;
}

bool is_local(const Uses& uses, size_t owner, const std::vector<size_t>& nodes) {
  return !uses.kept[owner] &&
         std::includes(nodes.begin(), nodes.end(), uses.nodes[owner].begin(), uses.nodes[owner].end());
}

std::optional<Blocks> make_blocks(const fastnn_graph& graph, const Shapes& shapes, const Uses& uses,
                                  const std::vector<size_t>& nodes) {
  Walk walk(graph, shapes);
  bool by_position = false;
  for (const size_t n : nodes) {
    if (!walk.add(graph.nodes[n])) return std::nullopt;
    by_position = by_position || graph.nodes[n].op->schema.elementwise == FASTNN_BY_POSITION;
  }
  Blocks blocks;
  if (!walk.agrees() || !walk.find_sizes(blocks)) return std::nullopt;
  Places places;
  for (int64_t most = kBlockElements;; most /= 2) {
    if (most < kLeastElements || !split_walk(blocks, most, by_position)) return std::nullopt;
    places = place_scratch(graph, shapes, uses, nodes, blocks.rows * blocks.inner);
    if (static_cast<int64_t>(places.bytes) <= kScratchBytes) break;
  }
  blocks.scratch = static_cast<int64_t>(places.bytes);
  size_t index = 0;
  for (const size_t n : nodes) {
    const Node& node = graph.nodes[n];
    BlockMember& member = blocks.members.emplace_back();
    member.node = n;
    const auto add = [&](int64_t value) {
      BlockOperand& operand = member.operands.emplace_back(walk.block_operand(blocks, index));
      member.flat = member.flat && walk.full(index);
      ++index;
      if (value < 0) return;
      const auto place = std::find(places.owners.begin(), places.owners.end(), root(graph, value));
      if (place == places.owners.end()) return;
      operand.scratch = static_cast<int64_t>(places.blocks[static_cast<size_t>(place - places.owners.begin())].offset);
    };
    for (const int64_t value : node.inputs) add(value);
    for (const int64_t value : node.outputs) add(value);
  }
  return blocks;
}

void run_blocks(const Blocks& blocks, const fastnn_context& context, const fastnn_call* calls,
                const fastnn_implementation* const* implementations) {
  const fastnn_context alone = serial(context);  // a block is one thread's
  const int64_t count = blocks.elements / (blocks.sizes[blocks.split] * blocks.inner) *
                        ceil_divide(blocks.sizes[blocks.split], blocks.rows);
  const int64_t grain = std::max<int64_t>(1, kChunkElements / (blocks.rows * blocks.inner));
  const double cost = kNanoseconds * static_cast<double>(blocks.elements) * static_cast<double>(blocks.members.size());
  std::atomic<const BlockMember*> failed = nullptr;
  parallel_for(context, ceil_divide(count, grain), cost, [&](int64_t chunk) {
    alignas(kAlignment) char scratch[kScratchBytes];
    fastnn_tensor parts[kMemberTensors];
    const fastnn_tensor* inputs[kMemberTensors];
    fastnn_tensor* outputs[kMemberTensors];
    const Range range = chunk_range(chunk, count, grain);
    for (int64_t index = range.begin; index < range.end; ++index) {
      const Place place = place_block(blocks, index);
      for (const BlockMember& member : blocks.members) {
        fastnn_call call = calls[member.node];
        fastnn_tensor* part = parts;
        const BlockOperand* operand = member.operands.data();
        const auto next = [&](const fastnn_tensor* whole) {
          fastnn_tensor* const own = part++;
          const BlockOperand& place_of = *operand++;
          if (whole == nullptr) return static_cast<fastnn_tensor*>(nullptr);
          set_part(blocks, place, place_of, member.flat, scratch, *whole, *own);
          return own;
        };
        for (int64_t i = 0; i < call.input_count; ++i) inputs[i] = next(call.inputs[i]);
        for (int64_t i = 0; i < call.output_count; ++i) outputs[i] = next(call.outputs[i]);
        call.context = &alone;
        call.inputs = inputs;
        call.outputs = outputs;
        call.first = place.first;
        if (implementations[member.node]->run(&call) != FASTNN_OK) failed.store(&member, std::memory_order_relaxed);
      }
    }
  });
  const BlockMember* member = failed.load(std::memory_order_relaxed);
  if (member != nullptr) internal_error("program: an elementwise op failed in run");
}

}  // namespace fastnn
