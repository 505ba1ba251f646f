// resize.inl: bilinear interpolation between the centres of pixels, NHWC, and its gradient. A line of the result reads
// two lines of the image; channels run in vectors, so few of them leave lanes empty. The gradient goes line by line
// over dx and meets the lines of dy that read it in their order, so no two threads write one number.
// Any sizes of at least one pixel. Positions are doubles: they are exact for any size of image; shares are rounded to
// float. A number is three blends of three rounded steps; the tests hold it to 2e-6 of itself and 1e-6 of the largest.
// Measured on one Zen 4 core, 4 images of 32x32 to 64x64 in L2, base level -> AVX-512: 16 channels 137 -> 71 us, 3
// channels 89 -> 79; the gradient of 16 channels 189 us on base, 133 on AVX2, 88 on AVX-512 (125 where every number of
// dx goes through memory), of 3 channels 129, 204 and 196 (149, 461 and 507).

// Where a pixel of the result lies in the image along one axis: between two pixels, `share` of the way to the second.
struct ResizeTap {
  int64_t low, high;
  double share;
};

inline ResizeTap resize_tap(int64_t at, int64_t size, double scale) {
  const double position = (static_cast<double>(at) + 0.5) * scale - 0.5;
  const double below = __builtin_floor(position);
  const int64_t low = static_cast<int64_t>(below);
  return {low < 0 ? 0 : low, low + 1 < size ? low + 1 : size - 1, position - below};
}

inline double resize_scale(int64_t size, int64_t out_size) {
  return static_cast<double>(size) / static_cast<double>(out_size);
}

void resize_bilinear(float* y, const float* x, int64_t begin, int64_t end, const ResizeShape* shape) {
  const ResizeShape s = *shape;
  const double scale_y = resize_scale(s.height, s.out_height), scale_x = resize_scale(s.width, s.out_width);
  for (int64_t line = begin; line < end; ++line) {
    const ResizeTap row = resize_tap(line % s.out_height, s.height, scale_y);
    const float* const image = x + line / s.out_height * s.height * s.width * s.channels;
    const float* const above = image + row.low * s.width * s.channels;
    const float* const below = image + row.high * s.width * s.channels;
    const Vec share_y = broadcast(static_cast<float>(row.share));
    for (int64_t j = 0; j < s.out_width; ++j) {
      const ResizeTap column = resize_tap(j, s.width, scale_x);
      const Vec share_x = broadcast(static_cast<float>(column.share));
      const int64_t left = column.low * s.channels, right = column.high * s.channels;
      float* const target = y + (line * s.out_width + j) * s.channels;
      for_each_vector(s.channels, [=](int64_t c, int64_t lanes) {
        const auto blend = [=](const float* source) {
          const Vec first = load_n(source + left + c, lanes);
          return first + share_x * (load_n(source + right + c, lanes) - first);
        };
        const Vec upper = blend(above);
        store_n(target + c, upper + share_y * (blend(below) - upper), lanes);
      });
    }
  }
}

// dx[c] += weight * dy[c]
inline void add_share(float* dx, const float* dy, float weight, int64_t channels) {
  const Vec factor = broadcast(weight);
  for_each_vector(channels, [=](int64_t c, int64_t lanes) {
    store_n(dx + c, load_n(dx + c, lanes) + factor * load_n(dy + c, lanes), lanes);
  });
}

// What a pixel of dy adds to two of dx, or to one in two parts.
struct ResizeShares {
  int64_t low, high;
  float to_low, to_high;
};
constexpr int64_t kResizeBlock = 64;

// Adds `count` pixels of dy to a line of dx, in their order. The two pixels that are added to stay in registers as long
// as they are the same. For few channels: a vector that is read soon after it was written waits for it, and a part of a
// vector waits for the cache, which other vectors of a pixel hide.
inline void add_shares(float* dx, const float* dy, const ResizeShares* shares, int64_t count, int64_t channels) {
  for_each_vector(channels, [=](int64_t c, int64_t lanes) {
    const auto at = [=](int64_t pixel) { return dx + pixel * channels + c; };
    int64_t low = shares[0].low, high = shares[0].high;
    Vec sum_low = load_n(at(low), lanes), sum_high = load_n(at(high), lanes);
    for (int64_t j = 0; j < count; ++j) {
      const ResizeShares s = shares[j];
      if (s.low != low || s.high != high) {
        store_n(at(low), sum_low, lanes);
        if (high != low) store_n(at(high), sum_high, lanes);
        sum_low = s.low == high && high != low ? sum_high : load_n(at(s.low), lanes);
        sum_high = load_n(at(s.high), lanes);
        low = s.low;
        high = s.high;
      }
      const Vec given = load_n(dy + j * channels + c, lanes);
      sum_low += broadcast(s.to_low) * given;
      if (low == high) {
        sum_low += broadcast(s.to_high) * given;
      } else {
        sum_high += broadcast(s.to_high) * given;
      }
    }
    store_n(at(low), sum_low, lanes);
    if (high != low) store_n(at(high), sum_high, lanes);
  });
}

void resize_bilinear_backward(float* dx, const float* dy, int64_t begin, int64_t end, const ResizeShape* shape,
                              bool accumulate) {
  const ResizeShape s = *shape;
  const double scale_y = resize_scale(s.height, s.out_height), scale_x = resize_scale(s.width, s.out_width);
  const int64_t row_size = s.width * s.channels;
  for (int64_t line = begin; line < end; ++line) {
    float* const target = dx + line * row_size;
    const int64_t here = line % s.height;
    const float* const image = dy + line / s.height * s.out_height * s.out_width * s.channels;
    if (!accumulate) for_each_vector(row_size, [=](int64_t k, int64_t lanes) { store_n(target + k, zero(), lanes); });
    // the lines that lie at most one pixel away from here, and all beyond the first and the last
    int64_t first = here == 0 ? 0 : static_cast<int64_t>((static_cast<double>(here) - 0.5) / scale_y - 0.5) - 1;
    if (first < 0) first = 0;
    for (int64_t i = first; i < s.out_height; ++i) {
      const ResizeTap row = resize_tap(i, s.height, scale_y);
      if (row.low > here) break;
      if (row.low != here && row.high != here) continue;
      const double weight = (row.low == here ? 1 - row.share : 0) + (row.high == here ? row.share : 0);
      const float* const source = image + i * s.out_width * s.channels;
      for (int64_t j = 0; j < s.out_width; j += kResizeBlock) {
        const int64_t count = s.out_width - j < kResizeBlock ? s.out_width - j : kResizeBlock;
        ResizeShares shares[kResizeBlock];
        for (int64_t k = 0; k < count; ++k) {
          const ResizeTap column = resize_tap(j + k, s.width, scale_x);
          shares[k] = {column.low, column.high, static_cast<float>(weight * (1 - column.share)),
                       static_cast<float>(weight * column.share)};
        }
        const float* const pixels = source + j * s.channels;
        if (s.channels < 2 * kWidth) {
          add_shares(target, pixels, shares, count, s.channels);
          continue;
        }
        for (int64_t k = 0; k < count; ++k) {
          const float* const pixel = pixels + k * s.channels;
          add_share(target + shares[k].low * s.channels, pixel, shares[k].to_low, s.channels);
          add_share(target + shares[k].high * s.channels, pixel, shares[k].to_high, s.channels);
        }
      }
    }
  }
}
