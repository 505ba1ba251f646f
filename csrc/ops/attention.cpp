// attention.cpp: scaled dot-product attention and its gradient. Forward spreads blocks of queries of all heads over
// threads; backward the heads of keys, and where those are few also pieces of the keys, whose shares of dquery are
// summed in their order. Chunks take their units one after another and have their own room.
#include <algorithm>
#include <cmath>

#include "fastnn/ops.h"
#include "ops/broadcast.h"
#include "ops/op.h"

namespace fastnn::ops {
namespace {

using kernels::kAttentionGap;
using kernels::kAttentionKeys;
using kernels::kAttentionQueries;

constexpr const char* kForward = "scaled_dot_product_attention";
constexpr const char* kDropout = "scaled_dot_product_attention_dropout";
constexpr const char* kBackward = "scaled_dot_product_attention_backward";
constexpr int64_t kUnitQueries = 256;  // most queries of a unit, which packs the keys for itself
constexpr int64_t kFewUnits = 16;      // heads below this are cut further
constexpr int64_t kGrain = 16384;      // elements of a piece of dquery that is summed

// A tensor (batch, heads, rows, width), the two in the middle in either order.
struct Heads {
  int64_t batch, heads, rows, width;
  int64_t batch_stride, head_stride, row_stride;

  int64_t at(int64_t sample, int64_t head) const { return sample * batch_stride + head * head_stride; }
};

Heads heads_of(const char* op, const char* argument, const fastnn_tensor& t, int64_t heads_axis) {
  check_rank(op, argument, t, 4, heads_axis == 1 ? "(batch, heads, length, width)" : "(batch, length, heads, width)");
  const int64_t rows_axis = 3 - heads_axis;
  Heads h{t.shape[0],   t.shape[heads_axis],   t.shape[rows_axis],  t.shape[3],
          t.strides[0], t.strides[heads_axis], t.strides[rows_axis]};
  if (h.rows == 1) h.row_stride = std::max<int64_t>(h.width, 1);  // the stride of an axis of size one says nothing
  return h;
}

void set_heads(fastnn_tensor* t, const fastnn_tensor& like, int64_t heads_axis, int64_t batch, int64_t heads,
               int64_t rows, int64_t width) {
  if (heads_axis == 1) {
    set_output(t, like.dtype, like.device, {batch, heads, rows, width});
  } else {
    set_output(t, like.dtype, like.device, {batch, rows, heads, width});
  }
}

struct Problem {
  Heads query, key, value;
  int64_t mask_strides[4];
};

// Inputs first, first + 1, first + 2: query, key, value.
Problem check_problem(const char* op, const fastnn_call& call, int64_t first, int64_t mask_index, int64_t heads_axis) {
  const fastnn_tensor &query = input(call, first), &key = input(call, first + 1), &value = input(call, first + 2);
  check_value(heads_axis == 1 || heads_axis == 2, op, "heads_axis", "1 or 2", static_cast<double>(heads_axis));
  check_float(op, "query", query);
  check_same_dtype(op, "key", key, "query", query);
  check_same_dtype(op, "value", value, "query", query);
  Problem p{heads_of(op, "query", query, heads_axis),
            heads_of(op, "key", key, heads_axis),
            heads_of(op, "value", value, heads_axis),
            {}};
  const auto wanted = [&](int64_t batch, const char* heads, const std::string& rows, const std::string& width) {
    return heads_axis == 1 ? concat("(", batch, ", ", heads, ", ", rows, ", ", width, ")")
                           : concat("(", batch, ", ", rows, ", ", heads, ", ", width, ")");
  };
  if (p.key.batch != p.query.batch || p.key.width != p.query.width) {
    value_error(op, ": expected key ", wanted(p.query.batch, "kv_heads", "keys", concat(p.query.width)), ", got ",
                shape_text(key));
  }
  if (p.value.batch != p.query.batch || p.value.heads != p.key.heads || p.value.rows != p.key.rows) {
    value_error(op, ": expected value ",
                wanted(p.query.batch, concat(p.key.heads).c_str(), concat(p.key.rows), "width"), ", got ",
                shape_text(value));
  }
  if (p.key.heads == 0 ? p.query.heads != 0 : p.query.heads % p.key.heads != 0) {
    value_error(op, ": expected heads of query in whole groups for each of ", p.key.heads, " of key, got ",
                p.query.heads);
  }
  if (has_input(call, mask_index)) {
    const fastnn_tensor& mask = input(call, mask_index);
    if (!(mask.dtype == kBool || mask.dtype == kUint8 || mask.dtype == query.dtype)) {
      type_error(op, ": expected mask of bool, uint8 or ", dtype_name(query.dtype), ", got ", dtype_name(mask.dtype));
    }
    const int64_t shape[] = {p.query.batch, p.query.heads, p.query.rows, p.key.rows};
    bool fits = mask.rank <= 4;
    for (int32_t axis = 0; fits && axis < mask.rank; ++axis) {
      const int64_t size = mask.shape[axis];
      fits = size == 1 || size == shape[4 - mask.rank + axis];
    }
    if (!fits) {
      value_error(op, ": expected mask that broadcasts to ", shape_text(4, shape), ", got ", shape_text(mask));
    }
    broadcast_strides(mask, 4, p.mask_strides);
  }
  return p;
}

// The kernel's description of one head, but for what differs between heads.
template <typename T, typename Attributes>
kernels::Attention<T> describe(const Problem& p, const Attributes& a, double rate, int64_t y_row) {
  kernels::Attention<T> d{};
  d.queries = p.query.rows;
  d.keys = p.key.rows;
  d.depth = p.query.width;
  d.value_depth = p.value.width;
  d.q_row = p.query.row_stride;
  d.k_row = p.key.row_stride;
  d.v_row = p.value.row_stride;
  d.y_row = y_row;
  d.mask_row = p.mask_strides[2];
  d.mask_column = p.mask_strides[3];
  d.causal = a.is_causal != 0;
  d.scale = static_cast<T>(a.scale != 0 ? a.scale : 1 / std::sqrt(static_cast<double>(p.query.width)));
  d.threshold = static_cast<int64_t>(std::ceil(rate * 0x1p32));
  d.kept_scale = static_cast<T>(1 / (1 - rate));
  return d;
}

// Puts the mask and the random numbers of a head in.
template <typename T>
void set_head(kernels::Attention<T>& d, const Problem& p, const fastnn_tensor* mask, int64_t sample, int64_t head) {
  d.first_random = (sample * p.query.heads + head) * p.query.rows * round_up(p.key.rows, 4);
  if (mask == nullptr) return;
  const int64_t at = sample * p.mask_strides[0] + head * p.mask_strides[1];
  if (item_size(mask->dtype) == 1) {
    d.kept = data<uint8_t>(*mask) + at;
  } else {
    d.added = data<T>(*mask) + at;
  }
}

void check_attributes(const char* op, double rate, double scale) {
  check_value(rate >= 0 && rate < 1, op, "rate", "in [0, 1)", rate);
  check_value(std::isfinite(scale), op, "scale", "a finite number", scale);
}

// Multiplications of all scores, and of as many again for the values.
double work_of(const Problem& p) {
  return static_cast<double>(p.query.batch) * static_cast<double>(p.query.heads) * static_cast<double>(p.query.rows) *
         static_cast<double>(p.key.rows) * static_cast<double>(p.query.width + p.value.width);
}

// Units are dealt to chunks in runs of `grain`; each chunk has `room` numbers.
struct Units {
  int64_t count, grain, chunks, room;
};

Units deal(int64_t count, double work, int64_t room) {
  constexpr double kChunk = 10e6;  // multiplications
  const int64_t wanted = std::clamp<int64_t>(work / kChunk < 64 ? static_cast<int64_t>(work / kChunk) : 64, 16, 64);
  Units units{count, std::max<int64_t>(ceil_divide(count, wanted), 1), 0, round_up(room, 16)};
  units.chunks = ceil_divide(count, units.grain);
  return units;
}

struct ForwardCut {
  int64_t queries, pieces;  // of a head
  Units units;
};

ForwardCut cut_forward(const Problem& p) {
  const int64_t heads = checked_multiply(p.query.batch, p.query.heads);
  int64_t pieces = ceil_divide(p.query.rows, kUnitQueries);
  if (heads > 0 && heads < kFewUnits) pieces = std::max(pieces, ceil_divide(kFewUnits, heads));
  ForwardCut cut{};
  cut.queries =
      round_up(std::max<int64_t>(ceil_divide(p.query.rows, std::max<int64_t>(pieces, 1)), 1), kAttentionQueries);
  cut.pieces = ceil_divide(p.query.rows, cut.queries);
  const int64_t room = checked_add(kAttentionQueries * (kAttentionKeys + kAttentionGap) + 2 * cut.queries,
                                   checked_multiply(kAttentionKeys, p.query.width));
  cut.units = deal(checked_multiply(heads, cut.pieces), work_of(p), room);
  return cut;
}

struct BackwardCut {
  int64_t keys, pieces;  // of a head
  int64_t shares;        // numbers of dquery in the workspace, for each piece when there are several
  Units units;
};

BackwardCut cut_backward(const Problem& p) {
  const int64_t heads = checked_multiply(p.key.batch, p.key.heads);
  int64_t pieces = 1;
  if (heads > 0 && heads < kFewUnits) {
    pieces = std::min(ceil_divide(kFewUnits, heads), ceil_divide(p.key.rows, kAttentionKeys));
  }
  BackwardCut cut{};
  cut.keys = round_up(std::max<int64_t>(ceil_divide(p.key.rows, std::max<int64_t>(pieces, 1)), 1), kAttentionKeys);
  cut.pieces = std::max<int64_t>(ceil_divide(p.key.rows, cut.keys), 1);
  if (cut.pieces > 1) {
    cut.shares =
        checked_multiply(checked_multiply(p.query.batch, p.query.heads), checked_multiply(p.query.rows, p.query.width));
  }
  const int64_t room = checked_add(3 * kAttentionQueries * (kAttentionKeys + kAttentionGap),
                                   checked_multiply(kAttentionKeys, checked_add(p.query.width, p.value.width)));
  cut.units = deal(checked_multiply(heads, cut.pieces), 2.5 * work_of(p), room);
  return cut;
}

template <typename Attributes>
size_t forward_infer(const char* op, const fastnn_call& call, const Attributes& a, double rate) {
  const Problem p = check_problem(op, call, 0, 3, a.heads_axis);
  check_attributes(op, rate, a.scale);
  const fastnn_tensor& query = input(call, 0);
  set_heads(&output(call, 0), query, a.heads_axis, p.query.batch, p.query.heads, p.query.rows, p.value.width);
  if (wants_output(call, 1)) {
    set_output(&output(call, 1), query.dtype, query.device, {p.query.batch, p.query.heads, p.query.rows});
  }
  const Units units = cut_forward(p).units;
  return static_cast<size_t>(checked_multiply(checked_multiply(units.chunks, units.room), item_size(query.dtype)));
}

template <typename Attributes>
void forward_run(const char* op, const fastnn_call& call, const Attributes& a, double rate,
                 const kernels::RandomStream& random) {
  const Problem p = check_problem(op, call, 0, 3, a.heads_axis);
  const ForwardCut cut = cut_forward(p);
  const fastnn_tensor* const mask = has_input(call, 3) ? &input(call, 3) : nullptr;
  const Heads y = heads_of(op, "y", output(call, 0), a.heads_axis);
  const int64_t group = p.key.heads == 0 ? 1 : p.query.heads / p.key.heads;
  with_float_type(input(call, 0).dtype, [&](auto zero) {
    using T = decltype(zero);
    kernels::Attention<T> common = describe<T>(p, a, rate, y.row_stride);
    common.random = random;
    parallel_for(*call.context, cut.units.chunks, work_of(p) / 40, [&](int64_t chunk) {
      T* const room = static_cast<T*>(call.workspace) + chunk * cut.units.room;
      const Range range = chunk_range(chunk, cut.units.count, cut.units.grain);
      for (int64_t unit = range.begin; unit < range.end; ++unit) {
        const int64_t head = unit / cut.pieces % p.query.heads, sample = unit / cut.pieces / p.query.heads;
        const Range queries = chunk_range(unit % cut.pieces, p.query.rows, cut.queries);
        kernels::Attention<T> one = common;
        set_head(one, p, mask, sample, head);
        T* const logsumexp =
            wants_output(call, 1) ? data<T>(output(call, 1)) + (sample * p.query.heads + head) * p.query.rows : nullptr;
        table<T>().attention(data<T>(output(call, 0)) + y.at(sample, head), logsumexp,
                             data<T>(input(call, 0)) + p.query.at(sample, head),
                             data<T>(input(call, 1)) + p.key.at(sample, head / group),
                             data<T>(input(call, 2)) + p.value.at(sample, head / group), room, queries.begin,
                             queries.end, one);
      }
    });
  });
}

}  // namespace

size_t scaled_dot_product_attention_infer(const fastnn_call& call) {
  return forward_infer(kForward, call, attributes<fastnn_scaled_dot_product_attention_attributes>(call), 0);
}

void scaled_dot_product_attention_run(const fastnn_call& call) {
  forward_run(kForward, call, attributes<fastnn_scaled_dot_product_attention_attributes>(call), 0, {});
}

size_t scaled_dot_product_attention_dropout_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_scaled_dot_product_attention_dropout_attributes>(call);
  if (wants_output(call, 2)) set_output(&output(call, 2), kInt64, input(call, 0).device, {3});
  return forward_infer(kDropout, call, a, a.rate);
}

void scaled_dot_product_attention_dropout_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_scaled_dot_product_attention_dropout_attributes>(call);
  if (wants_output(call, 2)) {
    int64_t* const draw = data<int64_t>(output(call, 2));
    draw[0] = a.seed;
    draw[1] = a.stream;
    draw[2] = a.step;
  }
  forward_run(kDropout, call, a, a.rate,
              {static_cast<uint64_t>(a.seed), static_cast<uint64_t>(a.stream), static_cast<uint64_t>(a.step)});
}

size_t scaled_dot_product_attention_backward_infer(const fastnn_call& call) {
  const auto& a = attributes<fastnn_scaled_dot_product_attention_backward_attributes>(call);
  const Problem p = check_problem(kBackward, call, 1, 6, a.heads_axis);
  check_attributes(kBackward, a.rate, a.scale);
  const fastnn_tensor& query = input(call, 1);
  fastnn_tensor expected{};
  set_heads(&expected, query, a.heads_axis, p.query.batch, p.query.heads, p.query.rows, p.value.width);
  check_same_dtype(kBackward, "dy", input(call, 0), "query", query);
  check_same_shape(kBackward, "dy", input(call, 0), expected);
  check_same_dtype(kBackward, "y", input(call, 4), "query", query);
  check_same_shape(kBackward, "y", input(call, 4), expected);
  check_same_dtype(kBackward, "logsumexp", input(call, 5), "query", query);
  check_shape(kBackward, "logsumexp", input(call, 5), {p.query.batch, p.query.heads, p.query.rows});
  if (a.rate > 0 && !has_input(call, 7)) value_error(kBackward, ": expected draw, got nothing");
  if (has_input(call, 7)) {
    if (!(input(call, 7).dtype == kInt64)) {
      type_error(kBackward, ": expected draw of int64, got ", dtype_name(input(call, 7).dtype));
    }
    check_shape(kBackward, "draw", input(call, 7), {3});
  }
  for (int64_t i = 0; i < 3; ++i) {
    if (wants_output(call, i)) set_output_like(&output(call, i), input(call, i + 1));
  }
  const BackwardCut cut = cut_backward(p);
  const int64_t numbers = checked_add(checked_multiply(cut.units.chunks, cut.units.room),
                                      cut.pieces > 1 ? checked_multiply(cut.pieces, cut.shares) : 0);
  return static_cast<size_t>(checked_multiply(numbers, item_size(query.dtype)));
}

void scaled_dot_product_attention_backward_run(const fastnn_call& call) {
  const auto& a = attributes<fastnn_scaled_dot_product_attention_backward_attributes>(call);
  const Problem p = check_problem(kBackward, call, 1, 6, a.heads_axis);
  const BackwardCut cut = cut_backward(p);
  const fastnn_tensor* const mask = has_input(call, 6) ? &input(call, 6) : nullptr;
  const Heads dy = heads_of(kBackward, "dy", input(call, 0), a.heads_axis);
  const Heads y = heads_of(kBackward, "y", input(call, 4), a.heads_axis);
  Heads gradients[3]{};
  for (int64_t i = 0; i < 3; ++i) {
    if (wants_output(call, i)) gradients[i] = heads_of(kBackward, "gradient", output(call, i), a.heads_axis);
  }
  const int64_t group = p.key.heads == 0 ? 1 : p.query.heads / p.key.heads;
  with_float_type(input(call, 1).dtype, [&](auto zero) {
    using T = decltype(zero);
    kernels::Attention<T> common = describe<T>(p, a, a.rate, y.row_stride);
    if (has_input(call, 7)) {
      const int64_t* const draw = data<int64_t>(input(call, 7));
      common.random = {static_cast<uint64_t>(draw[0]), static_cast<uint64_t>(draw[1]), static_cast<uint64_t>(draw[2])};
    }
    T* const shares = static_cast<T*>(call.workspace) + cut.units.chunks * cut.units.room;
    const bool whole = cut.pieces == 1;
    const auto place = [&](int64_t index, int64_t sample, int64_t head) {
      return wants_output(call, index) ? data<T>(output(call, index)) + gradients[index].at(sample, head) : nullptr;
    };
    parallel_for(*call.context, cut.units.chunks, 2.5 * work_of(p) / 40, [&](int64_t chunk) {
      T* const room = static_cast<T*>(call.workspace) + chunk * cut.units.room;
      const Range range = chunk_range(chunk, cut.units.count, cut.units.grain);
      for (int64_t unit = range.begin; unit < range.end; ++unit) {
        const int64_t piece = unit % cut.pieces;
        const int64_t key_head = unit / cut.pieces % p.key.heads, sample = unit / cut.pieces / p.key.heads;
        const Range keys = chunk_range(piece, p.key.rows, cut.keys);
        for (int64_t head = key_head * group; head < (key_head + 1) * group; ++head) {
          kernels::Attention<T> one = common;
          set_head(one, p, mask, sample, head);
          const bool later = head > key_head * group;
          const kernels::AttentionGradients g{dy.row_stride,
                                              gradients[0].row_stride,
                                              gradients[1].row_stride,
                                              gradients[2].row_stride,
                                              whole && accumulates(call, 0),
                                              later || accumulates(call, 1),
                                              later || accumulates(call, 2)};
          T* dq = place(0, sample, head);
          if (dq != nullptr && !whole) dq = shares + piece * cut.shares + gradients[0].at(sample, head);
          table<T>().attention_backward(
              dq, place(1, sample, key_head), place(2, sample, key_head), data<T>(input(call, 0)) + dy.at(sample, head),
              data<T>(input(call, 4)) + y.at(sample, head), data<T>(input(call, 1)) + p.query.at(sample, head),
              data<T>(input(call, 2)) + p.key.at(sample, key_head),
              data<T>(input(call, 3)) + p.value.at(sample, key_head),
              data<T>(input(call, 5)) + (sample * p.query.heads + head) * p.query.rows, room, keys.begin, keys.end, g,
              one);
        }
      }
    });
    if (whole || !wants_output(call, 0)) return;
    T* const dq = data<T>(output(call, 0));
    const double nanoseconds = 0.2 * static_cast<double>(cut.pieces * cut.shares);
    parallel_for(*call.context, ceil_divide(cut.shares, kGrain), nanoseconds, [&](int64_t chunk) {
      const Range range = chunk_range(chunk, cut.shares, kGrain);
      table<T>().sum_parts(dq + range.begin, shares + range.begin, range.end - range.begin, cut.pieces, cut.shares,
                           accumulates(call, 0));
    });
  });
}

}  // namespace fastnn::ops
