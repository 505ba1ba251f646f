// channel_lines.h: sums down the channels (the last axis) of contiguous elements. Rows of few channels are joined into
// lines of 64 columns or more. Sums go part by part in double and parts are added in their order; where parts begin
// follows from the shape.
#pragma once

#include <algorithm>
#include <numeric>

#include "core/parallel.h"
#include "core/sizes.h"

namespace fastnn::ops {

constexpr int64_t kLineChunkElements = 16 * 1024;

// `elements` as lines of `width` elements, the last perhaps shorter; column i holds channel i % channels.
struct Lines {
  int64_t elements, channels, width, count, part_count, parts;

  double rows() const { return static_cast<double>(elements) / static_cast<double>(channels); }
  Range part(int64_t index) const { return chunk_range(index, count, part_count); }
  // Pieces of work that need no sums.
  int64_t chunk_lines() const { return std::max<int64_t>(1, kLineChunkElements / width); }
  int64_t chunks() const { return ceil_divide(count, chunk_lines()); }
  Range chunk(int64_t index) const { return chunk_range(index, count, chunk_lines()); }
};

inline Lines channel_lines(int64_t elements, int64_t channels) {
  constexpr int64_t kPartElements = 64 * 1024, kMostParts = 64;
  Lines l{elements, channels, 0, 0, 1, 0};
  int64_t fold = 1;
  if (channels > 0 && channels < 64) {
    fold = 16 / std::gcd(channels, int64_t{16});  // whole vectors of every level
    while (fold * channels < 64) fold *= 2;
  }
  l.width = std::max<int64_t>(fold * channels, 1);
  l.count = ceil_divide(elements, l.width);
  const int64_t wanted = std::clamp<int64_t>(elements / kPartElements, 1, kMostParts);
  l.part_count = std::max<int64_t>(ceil_divide(l.count, wanted), 1);
  l.parts = std::max<int64_t>(ceil_divide(l.count, l.part_count), 1);
  return l;
}

// Calls body(first element, rows, columns) for lines [begin, end): whole ones, then the shorter one.
template <typename Body>
void over_lines(const Lines& l, Range range, Body&& body) {
  const int64_t whole = std::min(range.end, l.elements / l.width);
  if (range.begin < whole) body(range.begin * l.width, whole - range.begin, l.width);
  if (range.end > whole) body(whole * l.width, 1, l.elements - whole * l.width);
}

// Sums of `kinds` things per channel, body(sums, first element, rows, columns) adding the kinds `width` apart; leaves
// the total of kind k and channel c at sums[k * width + c]. sums has room for the kinds of each part, and
// each(parts, piece) calls piece(part) for all of them.
template <typename Each, typename Body>
void sum_lines(const Lines& l, double* sums, int64_t kinds, Each&& each, Body&& body) {
  const int64_t size = kinds * l.width;
  each(l.parts, [&](int64_t part) {
    double* const own = sums + part * size;
    std::fill(own, own + size, 0.0);
    over_lines(l, l.part(part), [&](int64_t at, int64_t rows, int64_t columns) { body(own, at, rows, columns); });
  });
  for (int64_t part = 1; part < l.parts; ++part) {
    for (int64_t i = 0; i < size; ++i) sums[i] += sums[part * size + i];
  }
  for (int64_t kind = 0; kind < kinds; ++kind) {
    double* const own = sums + kind * l.width;
    for (int64_t i = l.channels; i < l.width; ++i) own[i % l.channels] += own[i];
  }
}

// Repeats the first `channels` numbers of a line up to its width.
template <typename T>
void repeat_channels(T* line, const Lines& l) {
  for (int64_t i = l.channels; i < l.width; ++i) line[i] = line[i - l.channels];
}

}  // namespace fastnn::ops
