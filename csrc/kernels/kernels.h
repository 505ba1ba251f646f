// kernels.h: the CPU kernel table, one per level. Kernels are single-threaded functions over a range; they know nothing
// of threads, allocation, Python or errors. Order of parameters: outputs, inputs, sizes, then numbers and a struct.
//
// Every kernel is declared once, in FASTNN_KERNELS; T is float, or double in the reference table. reference/<family>.inl
// defines it as plain loops, cpu/<family>.inl on vec.h. A level's table starts as the next lower level's and overrides
// what it has. This header is included by files compiled with ISA flags: plain C types only, no inline functions.
#pragma once

#include <cstdint>

namespace fastnn::kernels {

// Distances between rows and between elements of a row, in elements.
struct BinaryStrides {
  int64_t y_row, y, a_row, a, b_row, b;
};
struct WhereStrides {
  int64_t y_row, y, condition_row, condition, a_row, a, b_row, b;
};
struct CopyStrides {
  int64_t y_row, y, x_row, x;
};

// Taking along an axis: x is (outer, rows, inner), of items of 1, 2, 4 or 8 bytes; `count` indices of 4 or 8 bytes, in
// [-rows, rows), stand along the axis.
struct TakeShape {
  int64_t rows, count, inner, item_size, index_size;
};

// Images of height x width and their resized ones, NHWC.
struct ResizeShape {
  int64_t height, width, channels, out_height, out_width;
};

// NHWC pooling. Every position of the window meets the image.
struct PoolShape {
  int64_t height, width, channels, out_height, out_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width, pad_top, pad_left;
  int64_t index_size;  // bytes of an entry of index: 1 (uint8) or 4 (int32)
};

// Products sum over k in blocks of at most kGemmDepth, and packed matrices start their columns at multiples of
// kGemmColumns: who cuts a product into pieces cuts there.
constexpr int64_t kGemmDepth = 256;
constexpr int64_t kGemmColumns = 64;
// Rows of a whose copy gemm_copy makes together, and the numbers between two such copies of kGemmDepth columns.
constexpr int64_t kGemmRows = 6;
constexpr int64_t kGemmCopy = kGemmRows * kGemmDepth + 16;
// Pixels whose patches convolution_backward_weight holds at a time, and the room it needs for them.
constexpr int64_t kConvPixels = 128;
constexpr int64_t kConvPatches = kConvPixels * kGemmDepth + 16;

// Where the operands of y (m, n) = a (m, k) @ b (k, n) lie: element (i, j) of a is at i * a_row + j * a_column, the
// last axis of y and b is contiguous, and one of a_row and a_column is 1. b_row == 0 says that b was packed by
// gemm_pack, all n columns and k rows of it. gemm_columns alone takes a b of any b_column. Sums run over k in blocks of
// `depth`, the last of which may be shorter.
struct GemmLayout {
  int64_t y_row, a_row, a_column, b_row, b_column = 1, depth = kGemmDepth;
};

// What becomes of a finished sum: y = activation(sum + bias), or y += sum. bias may be null.
template <typename T>
struct Epilogue {
  const T* bias;
  bool relu, accumulate;
};

// Products on a unit that multiplies tiles of bfloat16 numbers (cpu/tiles.inl): float32 numbers are split into at most
// kTileParts of them, and the kernels below multiply the first `parts`, 3, 2 or 1. A packed matrix holds parts *
// kTileBlock^2 numbers for every kTileBlock columns and kTileBlock rows, or what is left of them, and products start where
// such a block does.
constexpr int64_t kTileBlock = 32;
constexpr int64_t kTileParts = 3;

// A matrix of `depth` rows: packed, and element (i, j) at i * row + j * column of `numbers`, one of the two being 1.
struct TileMatrix {
  const uint16_t* packed;
  const float* numbers;
  int64_t depth, row, column;
};
struct TileKernels {
  bool takes_all;  // whatever it costs, for tests
  // Before and after products of a thread, which are few: they take hundreds of cycles.
  void (*begin)();
  void (*end)();
  // The parts of all rows and the first n columns of b's numbers.
  void (*pack)(uint16_t* packed, const TileMatrix& b, int64_t n, int64_t parts);
  // As gemm, in blocks of kGemmDepth of k, b's depth; of layout only what is said of y and a counts.
  void (*multiply)(float* y, const float* a, const TileMatrix& b, int64_t m, int64_t n, const GemmLayout& layout,
                   const Epilogue<float>& epilogue, int64_t parts);
};
// What multiplies instead of a level's own register tile.
struct TileUse {
  const TileKernels* unit = nullptr;
  int64_t parts = 0;
};

// One axis of a convolution as a product: pixel i of `count` reads source pixels i * step + offset + tap * tap_step, zero
// outside [0, source), and belongs to target pixel i * target_step + target_offset of `target`.
struct ConvAxis {
  int64_t source, count, step, offset;
  int64_t taps, tap_step;
  int64_t target, target_step, target_offset;
};

// One group of a convolution as a product: row p is a pixel (image, k, i, j) of a lattice of z.count x y.count x x.count
// in each image, column a channel of the target, k runs over (tap_z, tap_y, tap_x, channel). Forward has the output as
// its lattice; the gradient of the input has one lattice for every phase of the strides. Images are volumes of depth 1.
// k is summed in blocks of `depth`, as in GemmLayout; pixel strides count the channels of all groups. Depthwise kernels take `channels` groups at once and leave `columns`
// and z alone.
struct ConvWindow {
  ConvAxis z, y, x;
  int64_t source_pixel, channels, target_pixel, columns, depth;
};

// Pixels of a tile of Winograd's: 2x2, 2x4 or 4x4, or an image of 2x2 pixels with padding around it, which takes fewer.
struct WinogradOutputs {
  int64_t down, across;
  bool image = false;
  int64_t points() const { return image ? 9 : (down + 2) * (across + 2); }
};
// A 3x3 convolution of stride 1 by such tiles (cpu/winograd.inl). A tile is points() numbers a channel; in the room of a
// kernel, tiles of the source lie source_row apart and their points source_point, then come those of the target; in
// transformed weights, points lie weight_point apart.
struct Winograd {
  WinogradOutputs outputs;
  int64_t tile_rows, tile_columns;  // of an image
  int64_t source_row, source_point, target_row, target_point, weight_point;
};
// The transforms of all tiles of a convolution: channels in blocks of `width`, `block` numbers apart; in a block points are
// `point` apart and tiles `width`, which is a multiple of 16. Points that are written together lie kWinogradGap numbers
// further apart than they need, for else they would share few sets of the cache.
struct WinogradBlocks {
  int64_t width, point, block;
};
constexpr int64_t kWinogradGap = 16;
// Distances of the numbers of a weight: rows are channels that are summed over, columns those of the result, lines and
// taps what they meet of the window.
struct WinogradWeight {
  int64_t line, tap, row, column;
};

// Attention computes the scores of this many queries and keys at a time; a multiple of kGemmColumns keys, for parts of
// packed keys are used. Behind a row of scores lie kAttentionGap numbers: rows a power of two apart would share few sets
// of the cache.
constexpr int64_t kAttentionQueries = 64;
constexpr int64_t kAttentionKeys = 256;
constexpr int64_t kAttentionGap = 16;

// Activations of recurrent networks, in the order of schema.toml's choices.
enum class Activation : int64_t { linear, relu, tanh, sigmoid, hard_sigmoid };

// A time step of a recurrent network: how many sequences, and the distances between their rows. A null mask counts all.
struct RecurrentStep {
  int64_t rows, units;
  int64_t gates_row, sums_row, inner_row, h_row, h_before_row, c_row, c_before_row, mask_row;
  Activation activation, recurrent_activation;
};

// Which draw of random numbers; cpu/random.inl says how they follow from it.
struct RandomStream {
  uint64_t seed, stream, step;
};

// One head of attention. Row i of the queries starts at i * q_row, and so on; mask entry (i, j) is at i * mask_row + j *
// mask_column, mask_column 0 or 1: of kept, 0 where query i may not attend to key j, or of added, a term of the score; at
// most one of them is there. With causal query i attends to keys 0 to i. threshold (0: no dropout) and kept_scale are
// dropout's; the random number of pair (i, j) is first_random + i * (keys rounded up to fours) + j.
template <typename T>
struct Attention {
  int64_t queries, keys, depth, value_depth;
  int64_t q_row, k_row, v_row, y_row;
  const uint8_t* kept;
  const T* added;
  int64_t mask_row, mask_column;
  bool causal;
  T scale;
  int64_t threshold;
  T kept_scale;
  RandomStream random;
  int64_t first_random;
};
// Rows of the gradients, and which of them are added to.
struct AttentionGradients {
  int64_t dy_row, dq_row, dk_row, dv_row;
  bool add_q, add_k, add_v;
};

// What a fold over many numbers is kept in: double of floats, int64_t of integers.
template <typename T>
struct AccumulatorOf {
  using type = int64_t;
};
template <>
struct AccumulatorOf<float> {
  using type = double;
};
template <>
struct AccumulatorOf<double> {
  using type = double;
};
template <typename T>
using Accumulator = typename AccumulatorOf<T>::type;

// What every update does before its formula: g = scale * g, within [-limit, limit]; w = keep * w. Ones and an infinite
// limit change no bit.
template <typename T>
struct UpdateRule {
  T scale, limit, keep;
};

// clang-format off
// Those that integers have too, whose arithmetic wraps around.
#define FASTNN_EXACT_KERNELS(KERNEL)                                                                                    \
  /* y[r, i] (+)= a[r, i] op b[r, i] over rows x count elements; y may be a or b */                                     \
  KERNEL(add, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))            \
  KERNEL(subtract, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))       \
  KERNEL(multiply, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))       \
  /* the larger, the smaller; NaN when one is */                                                                        \
  KERNEL(maximum, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))        \
  KERNEL(minimum, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))        \
  /* y[r, i] = a[r, i] op b[r, i], 0 or 1 */                                                                            \
  KERNEL(equal, (uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s))                     \
  KERNEL(not_equal, (uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s))                 \
  KERNEL(less, (uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s))                      \
  KERNEL(less_equal, (uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s))                \
  KERNEL(greater, (uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s))                   \
  KERNEL(greater_equal, (uint8_t* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s))             \
  /* y[r, i] = condition[r, i] != 0 ? a[r, i] : b[r, i] */                                                              \
  KERNEL(where, (T* y, const uint8_t* condition, const T* a, const T* b, int64_t rows, int64_t count, WhereStrides s))  \
  /* sums[r] (+)= sum of x[r * stride + k], k < n */                                                                    \
  KERNEL(sum_rows, (Accumulator<T>* sums, const T* x, int64_t rows, int64_t n, int64_t stride, bool accumulate))        \
  /* sums[c] (+)= sum of x[r * stride + c], r < rows */                                                                 \
  KERNEL(sum_columns, (Accumulator<T>* sums, const T* x, int64_t rows, int64_t columns, int64_t stride,                 \
                       bool accumulate))                                                                                \
  /* the same of the largest, the smallest (NaN when one is) and the product, with results[r] as the first number */    \
  KERNEL(max_rows, (Accumulator<T>* results, const T* x, int64_t rows, int64_t n, int64_t stride))                      \
  KERNEL(max_columns, (Accumulator<T>* results, const T* x, int64_t rows, int64_t columns, int64_t stride))             \
  KERNEL(min_rows, (Accumulator<T>* results, const T* x, int64_t rows, int64_t n, int64_t stride))                      \
  KERNEL(min_columns, (Accumulator<T>* results, const T* x, int64_t rows, int64_t columns, int64_t stride))             \
  KERNEL(prod_rows, (Accumulator<T>* results, const T* x, int64_t rows, int64_t n, int64_t stride))                     \
  KERNEL(prod_columns, (Accumulator<T>* results, const T* x, int64_t rows, int64_t columns, int64_t stride))            \
  /* index[r] = where the largest, or smallest, of row r first stands, index[c] of column c; NaN is both */             \
  KERNEL(argmax_rows, (int64_t* index, const T* x, int64_t rows, int64_t n, bool smallest))                             \
  KERNEL(argmax_columns, (int64_t* index, const T* x, int64_t n, int64_t columns, int64_t stride, bool smallest))       \
  /* y[k, c] (+)= sum of x[i, c] for i <= k, or i >= k in reverse, without i = k when exclusive; k < n, c < columns */  \
  KERNEL(cumsum_columns, (T* y, const T* x, int64_t n, int64_t columns, int64_t stride, bool reverse, bool exclusive,   \
                          bool accumulate))

#define FASTNN_KERNELS(KERNEL)                                                                                          \
  FASTNN_EXACT_KERNELS(KERNEL)                                                                                          \
  /* as add; C's pow and atan2 */                                                                                       \
  KERNEL(divide, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))         \
  KERNEL(power, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))          \
  KERNEL(arctan2, (T* y, const T* a, const T* b, int64_t rows, int64_t count, BinaryStrides s, bool accumulate))        \
  /* as sum_rows and sum_columns, accumulating, of (x - mean[r])^2, [c] of columns, and of exp(x - shift[r]) */         \
  KERNEL(squared_deviation_rows, (double* sums, const T* x, const double* mean, int64_t rows, int64_t n,                \
                                  int64_t stride))                                                                      \
  KERNEL(squared_deviation_columns, (double* sums, const T* x, const double* mean, int64_t rows, int64_t columns,       \
                                     int64_t stride))                                                                   \
  KERNEL(exp_rows, (double* sums, const T* x, const double* shift, int64_t rows, int64_t n, int64_t stride))            \
  KERNEL(exp_columns, (double* sums, const T* x, const double* shift, int64_t rows, int64_t columns, int64_t stride))   \
  /* output rows [begin, end) of all batch * out_height; index may be null */                                           \
  KERNEL(max_pool2d, (T* y, void* index, const T* x, int64_t begin, int64_t end, const PoolShape* shape))               \
  /* input rows [begin, end) of all batch * height; a tap outside its window is ignored */                              \
  KERNEL(max_pool2d_backward, (T* dx, const T* dy, const void* index, int64_t begin, int64_t end,                       \
                               const PoolShape* shape, bool accumulate))                                                \
  /* y[r, i] = x[r, i], items of 1, 2, 4 or 8 bytes; y[i] = *item */                                                    \
  KERNEL(copy, (void* y, const void* x, int64_t rows, int64_t count, CopyStrides s, int64_t item_size))                 \
  KERNEL(fill, (void* y, const void* item, int64_t count, int64_t item_size))                                           \
  /* lines [begin, end) of all outer * count: y[o, i] = x[o, indices[i]], lines of `inner` items */                       \
  KERNEL(take_rows, (void* y, const void* x, const void* indices, int64_t begin, int64_t end, const TakeShape* shape))  \
  /* the same lines: y[o, i, c] = x[o, indices[o, i, c], c] */                                                          \
  KERNEL(take_items, (void* y, const void* x, const void* indices, int64_t begin, int64_t end, const TakeShape* shape)) \
  /* columns [begin, end) of one dx (rows, inner): dx[indices[i, c], c] (+)= dy[i, c], in the order of i */             \
  KERNEL(take_items_backward, (T* dx, const T* dy, const void* indices, int64_t begin, int64_t end,                     \
                               const TakeShape* shape, bool accumulate))                                                \
  /* output rows [begin, end) of all batch * out_height; input rows [begin, end) of all batch * height */               \
  KERNEL(resize_bilinear, (T* y, const T* x, int64_t begin, int64_t end, const ResizeShape* shape))                     \
  KERNEL(resize_bilinear_backward, (T* dx, const T* dy, int64_t begin, int64_t end, const ResizeShape* shape,           \
                                    bool accumulate))                                                                   \
  /* *sum = sum of x[i] * x[i] */                                                                                       \
  KERNEL(sum_squares, (double* sum, const T* x, int64_t count))                                                         \
  /* updates by the formulas of schema.toml, after what rule says; velocity, momenta, averages, largest may be null */  \
  KERNEL(sgd_update, (T* w, T* velocity, const T* g, int64_t count, const UpdateRule<T>& rule, T learning_rate,         \
                      T momentum, bool nesterov))                                                                       \
  KERNEL(adam_update, (T* w, T* m, T* v, T* largest, const T* g, int64_t count, const UpdateRule<T>& rule, T alpha,     \
                       T one_minus_beta_1, T one_minus_beta_2, T epsilon))                                              \
  KERNEL(rmsprop_update, (T* w, T* v, T* momenta, T* averages, const T* g, int64_t count, const UpdateRule<T>& rule,    \
                          T learning_rate, T rho, T one_minus_rho, T momentum, T epsilon))                              \
  KERNEL(adagrad_update, (T* w, T* accumulator, const T* g, int64_t count, const UpdateRule<T>& rule, T learning_rate,  \
                          T epsilon))                                                                                   \
  KERNEL(adadelta_update, (T* w, T* gradients, T* steps, const T* g, int64_t count, const UpdateRule<T>& rule,          \
                           T learning_rate, T rho, T one_minus_rho, T epsilon))                                         \
  /* alpha = learning_rate / (1 - beta_1^t) */                                                                          \
  KERNEL(adamax_update, (T* w, T* m, T* norm, const T* g, int64_t count, const UpdateRule<T>& rule, T alpha,            \
                         T one_minus_beta_1, T beta_2, T epsilon))                                                      \
  /* w -= (of_moment * m + of_gradient * g) / (sqrt(v * correction) + epsilon) */                                       \
  KERNEL(nadam_update, (T* w, T* m, T* v, const T* g, int64_t count, const UpdateRule<T>& rule, T of_moment,            \
                        T of_gradient, T one_minus_beta_1, T one_minus_beta_2, T correction, T epsilon))                \
  KERNEL(lion_update, (T* w, T* m, const T* g, int64_t count, const UpdateRule<T>& rule, T learning_rate, T beta_1,     \
                       T one_minus_beta_1, T beta_2, T one_minus_beta_2))                                               \
  /* packed rows [first_row, first_row + k) of `rows` = b (k, n), element (i, j) at i * b_row + j * b_column; n is the  \
     width of all that is packed, room is kept for n rounded up to 16 columns */                                        \
  KERNEL(gemm_pack, (T* packed, const T* b, int64_t k, int64_t n, int64_t b_row, int64_t b_column, int64_t first_row,   \
                     int64_t rows))                                                                                     \
  /* y (m, n) = epilogue(a (m, k) @ b (k, n)) */                                                                        \
  KERNEL(gemm, (T* y, const T* a, const T* b, int64_t m, int64_t n, int64_t k, const GemmLayout& layout,                \
                const Epilogue<T>& epilogue))                                                                           \
  /* the same of a b in place, which is packed as it goes, a panel of columns after the other; copies are gemm_copy's,   \
     ceil(m / kGemmRows) kGemmCopy numbers for every kGemmDepth columns of a, and stand for a */                        \
  KERNEL(gemm_columns, (T* y, const T* copies, const T* a, const T* b, int64_t m, int64_t n, int64_t k,                 \
                        const GemmLayout& layout, const Epilogue<T>& epilogue))                                         \
  /* k columns of a, at most kGemmDepth, as gemm_columns reads them */                                                  \
  KERNEL(gemm_copy, (T* copies, const T* a, int64_t m, int64_t k, int64_t a_row, int64_t a_column))                     \
  /* the same as gemm from parts (count, m, n), the products of blocks of k, in their order */                          \
  KERNEL(gemm_join, (T* y, int64_t y_row, const T* parts, int64_t count, int64_t m, int64_t n,                          \
                     const Epilogue<T>& epilogue))                                                                      \
  /* pixels [begin, end) of y = epilogue(patches of x @ packed weight) */                                               \
  KERNEL(convolution, (T* y, const T* x, const T* packed_weight, int64_t begin, int64_t end, const ConvWindow& window,  \
                       const Epilogue<T>& epilogue))                                                                    \
  /* rows [begin, end) of all images * pool's out_height of y = max_pool2d(such an image), whose windows are side by   \
     side from its first pixel on; room is for as many lines of it as a window has; index may be null */                \
  KERNEL(convolution_max_pool, (T* y, void* index, T* room, const T* x, const T* packed_weight, int64_t begin,          \
                                int64_t end, const ConvWindow& window, const PoolShape& pool,                           \
                                const Epilogue<T>& epilogue))                                                           \
  /* the same at positions [first, first + count) of the lattice in images [begin, end), without the padding */           \
  KERNEL(convolution_positions, (T* y, const T* x, const T* packed_weight, int64_t begin, int64_t end, int64_t first,   \
                                 int64_t count, const ConvWindow& window, const Epilogue<T>& epilogue))                 \
  /* rows [first_row, first_row + rows) of dw (k, columns) (+)= transpose of the patches of x at pixels [begin, end)    \
     @ dy; patches is room for kConvPatches numbers */                                                                  \
  KERNEL(convolution_backward_weight, (T* dw, const T* x, const T* dy, T* patches, int64_t begin, int64_t end,          \
                                       int64_t first_row, int64_t rows, const ConvWindow& window, bool accumulate))     \
  /* the same for planes [begin, end) of all images, read in place; rows are those of whole lines of taps */              \
  KERNEL(convolution_backward_weight_lines, (T* dw, const T* x, const T* dy, int64_t begin, int64_t end,                \
                                             int64_t first_row, int64_t rows, const ConvWindow& window,                 \
                                             bool accumulate))                                                          \
  /* rows [first_row, first_row + rows) of the transformed weight (points, depth, n), each point packed as by gemm_pack */  \
  KERNEL(winograd_weight, (T* u, const T* weight, int64_t first_row, int64_t rows, int64_t depth, int64_t n,            \
                           const WinogradWeight& from, const Winograd& shape))                                          \
  /* tiles [begin, end) of y = epilogue(convolution of x); a tile whose sums are not all finite may be left as it is    \
     and has 0 in finite[tile], others have 1 */                                                                        \
  KERNEL(winograd_convolution, (T* y, uint8_t* finite, const T* x, const T* u, T* room, int64_t begin, int64_t end,     \
                                const ConvWindow& window, const Winograd& shape, const Epilogue<T>& epilogue))          \
  /* du (points, channels, target_row) (+)= what tiles [begin, end) give to the gradient of the transformed weight */   \
  KERNEL(winograd_backward_weight, (T* du, const T* x, const T* dy, T* room, int64_t begin, int64_t end,                \
                                    const ConvWindow& window, const Winograd& shape, bool accumulate))                  \
  /* channels [first_row, first_row + rows) of all taps of dw from the sum of `parts` such du */                        \
  KERNEL(winograd_weight_gradient, (T* dw, const T* du, int64_t parts, int64_t part_stride, int64_t first_row,          \
                                    int64_t rows, const ConvWindow& window, const Winograd& shape))                     \
  /* the transforms of tiles [begin, end) of x, or of the target, dy, into v, the room for all of them */               \
  KERNEL(winograd_fold, (T* v, const T* x, int64_t begin, int64_t end, bool target, const ConvWindow& window,           \
                         const Winograd& shape, const WinogradBlocks& blocks))                                          \
  /* the same as winograd_convolution for all tiles and the first `columns` columns of y, at most kGemmColumns, from    \
     winograd_fold's v, blocks of up to kGemmDepth channels, and the weight itself; room is for                         \
     points (tiles kGemmColumns + width kGemmColumns + 2 kWinogradGap) numbers */                                       \
  KERNEL(winograd_columns, (T* y, uint8_t* finite, const T* v, const T* weight, T* room, int64_t columns,               \
                            int64_t tiles, const ConvWindow& window, const Winograd& shape, const WinogradWeight& from, \
                            const WinogradBlocks& blocks, const Epilogue<T>& epilogue))                                 \
  /* the first `rows` channels and `columns` columns, at most kGemmColumns, of all taps of dw from winograd_fold's v    \
     of x, in blocks of 16 channels, and m of dy, in blocks of kGemmColumns; room is for                                \
     points (rows kGemmColumns + kWinogradGap) numbers */                                                               \
  KERNEL(winograd_weight_piece, (T* dw, const T* v, const T* m, T* room, int64_t rows, int64_t columns, int64_t tiles,  \
                                 const ConvWindow& window, const Winograd& shape, const WinogradBlocks& source,         \
                                 const WinogradBlocks& target))                                                         \
  /* lines [begin, end) of all batch * height of y = epilogue(sum over taps of x * weight), each of window.channels     \
     channels by itself; the weight of tap (r, t) starts at r * weight_row + t * weight_tap */                          \
  KERNEL(depthwise_conv2d, (T* y, const T* x, const T* weight, int64_t begin, int64_t end, int64_t weight_row,          \
                            int64_t weight_tap, const ConvWindow& window, const Epilogue<T>& epilogue))                 \
  /* sums[tap * sums_row + c] = sum of x * dy over the pixels of those lines */                                         \
  KERNEL(depthwise_conv2d_backward_weight, (double* sums, const T* x, const T* dy, int64_t begin, int64_t end,          \
                                            int64_t sums_row, const ConvWindow& window))                                \
  /* y[i] (+)= parts[0][i] + parts[1][i] + ..., in this order */                                                        \
  KERNEL(sum_parts, (T* y, const T* parts, int64_t count, int64_t part_count, int64_t part_stride, bool accumulate))    \
  /* softmax of each of `rows` rows of n; dx (+)= y * (dy - sum(dy * y)) */                                             \
  KERNEL(softmax_rows, (T* y, const T* x, int64_t rows, int64_t n))                                                     \
  KERNEL(softmax_backward_rows, (T* dx, const T* dy, const T* y, int64_t rows, int64_t n, bool accumulate))             \
  /* the same of each of `columns` columns of n numbers `stride` apart */                                               \
  KERNEL(softmax_columns, (T* y, const T* x, int64_t n, int64_t columns, int64_t stride))                               \
  KERNEL(softmax_backward_columns, (T* dx, const T* dy, const T* y, int64_t n, int64_t columns, int64_t stride,         \
                                    bool accumulate))                                                                   \
  /* log_softmax as softmax; dx (+)= dy - exp(y) * sum(dy) */                                                           \
  KERNEL(log_softmax_rows, (T* y, const T* x, int64_t rows, int64_t n))                                                 \
  KERNEL(log_softmax_backward_rows, (T* dx, const T* dy, const T* y, int64_t rows, int64_t n, bool accumulate))         \
  KERNEL(log_softmax_columns, (T* y, const T* x, int64_t n, int64_t columns, int64_t stride))                           \
  KERNEL(log_softmax_backward_columns, (T* dx, const T* dy, const T* y, int64_t n, int64_t columns, int64_t stride,     \
                                        bool accumulate))                                                               \
  /* loss[r] = logsumexp(logits[r]) - logits[r, labels[r]]; probabilities (rows, classes) may be null; labels of        \
     label_bytes 1 (uint8), 4 (int32) or 8 (int64) are in range */                                                      \
  KERNEL(cross_entropy_labels, (T* loss, T* probabilities, const T* logits, const void* labels, int64_t label_bytes,    \
                                int64_t rows, int64_t classes))                                                         \
  /* dlogits (+)= dloss * (probabilities - one_hot(labels)) */                                                          \
  KERNEL(cross_entropy_labels_backward, (T* dlogits, const T* dloss, const T* probabilities, const void* labels,        \
                                         int64_t label_bytes, int64_t rows, int64_t classes, bool accumulate))          \
  /* both at once, not accumulated, with their bits; streamed: dlogits go past the caches */                            \
  KERNEL(cross_entropy_labels_with_gradient, (T* loss, T* dlogits, const T* logits, const T* dloss, const void* labels, \
                                              int64_t label_bytes, int64_t rows, int64_t classes, bool streamed))       \
  /* loss[r] = sum(labels[r] * (logsumexp(logits[r]) - logits[r])); probabilities may be null */                        \
  KERNEL(cross_entropy_distribution, (T* loss, T* probabilities, const T* logits, const T* labels, int64_t rows,        \
                                      int64_t classes))                                                                 \
  /* dlogits (+)= dloss * (probabilities * sum(labels) - labels) */                                                     \
  KERNEL(cross_entropy_distribution_backward, (T* dlogits, const T* dloss, const T* probabilities, const T* labels,     \
                                               int64_t rows, int64_t classes, bool accumulate))                         \
  /* loss[r] = mean over a row of n of a term of predictions p and targets t; dp (+)= its gradient. schema.toml has the \
     terms */                                                                                                           \
  KERNEL(squared_error, (T* loss, const T* p, const T* t, int64_t rows, int64_t n))                                     \
  KERNEL(squared_error_backward, (T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n,               \
                                  bool accumulate))                                                                     \
  KERNEL(absolute_error, (T* loss, const T* p, const T* t, int64_t rows, int64_t n))                                    \
  KERNEL(absolute_error_backward, (T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n,              \
                                   bool accumulate))                                                                    \
  KERNEL(huber, (T* loss, const T* p, const T* t, int64_t rows, int64_t n, T delta))                                    \
  KERNEL(huber_backward, (T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n, T delta,              \
                          bool accumulate))                                                                             \
  /* epsilon is what probabilities are clipped to; logits don't use it */                                               \
  KERNEL(binary_cross_entropy, (T* loss, const T* p, const T* t, int64_t rows, int64_t n, bool from_logits, T epsilon)) \
  KERNEL(binary_cross_entropy_backward, (T* dp, const T* dloss, const T* p, const T* t, int64_t rows, int64_t n,        \
                                         bool from_logits, T epsilon, bool accumulate))                                 \
  KERNEL(binary_accuracy, (T* matches, const T* p, const T* t, int64_t rows, int64_t n, T threshold))                   \
  /* a time step of s.rows sequences from the sums i, f, c, o (rows, 4 * units): h, c are the new states, c may be       \
     c_before; gates receives the activated sums unless null; a null state is zero, and a masked row keeps both states */ \
  KERNEL(lstm_cell, (T* h, T* c, T* gates, const T* sums, const T* h_before, const T* c_before, const uint8_t* mask,    \
                     const RecurrentStep& s))                                                                           \
  /* dsums = gradients of the sums; dh (rows, units) holds what comes from the next step and receives what goes to the  \
     last one but for the product; dc as dh; dy may be null */                                                          \
  KERNEL(lstm_cell_backward, (T* dsums, T* dh, T* dc, const T* dy, const T* gates, const T* c, const T* c_before,      \
                              const uint8_t* mask, const RecurrentStep& s))                                             \
  /* as lstm_cell from the sums z, r, h of the inputs and, (rows, 3 * units) without gaps, of the state; gates (rows,   \
     4 * units) = z, r, candidate, sum of the state's h, or null */                                                     \
  KERNEL(gru_cell, (T* h, T* gates, const T* x_sums, const T* h_sums, const T* h_before, const uint8_t* mask,           \
                    const RecurrentStep& s))                                                                            \
  /* dx_sums z, r, h; dinner = gradient of the sum of the state's h, whose z and r have those of x_sums */              \
  KERNEL(gru_cell_backward, (T* dx_sums, T* dinner, T* dh, const T* dy, const T* gates, const T* h_before,              \
                             const uint8_t* mask, const RecurrentStep& s))                                              \
  KERNEL(rnn_cell, (T* h, const T* sums, const T* h_before, const uint8_t* mask, const RecurrentStep& s))               \
  KERNEL(rnn_cell_backward, (T* dsums, T* dh, const T* dy, const T* h, const uint8_t* mask, const RecurrentStep& s))    \
  /* dx[r * stride + k] (+)= dy[r] / divisor, k < n */                                                                  \
  KERNEL(spread_rows, (T* dx, const T* dy, int64_t rows, int64_t n, int64_t stride, T divisor, bool accumulate))        \
  /* dx[r * stride + c] (+)= dy[c] / divisor, r < rows */                                                               \
  KERNEL(spread_columns, (T* dx, const T* dy, int64_t rows, int64_t columns, int64_t stride, T divisor,                 \
                          bool accumulate))                                                                             \
  /* y[i] = keep ? x[i] * scale : 0, keep = random number of element first + i >= threshold; first is a multiple of 4;  \
     mask[i] = keep, may be null */                                                                                     \
  KERNEL(dropout, (T* y, uint8_t* mask, const T* x, int64_t first, int64_t count, T scale, int64_t threshold,           \
                   const RandomStream& random))                                                                         \
  /* y[i] = low + size * u, mean + std * z: u in [0, 1), z normal, of element first + i; first is a multiple of 4 */   \
  KERNEL(random_uniform, (T* y, int64_t first, int64_t count, T low, T size, const RandomStream& random))              \
  KERNEL(random_normal, (T* y, int64_t first, int64_t count, T mean, T std, const RandomStream& random))               \
  /* dx[i] (+)= mask[i] ? dy[i] * scale : 0 */                                                                          \
  KERNEL(dropout_backward, (T* dx, const T* dy, const uint8_t* mask, int64_t count, T scale, bool accumulate))          \
  /* as max_pool2d; the mean of the elements that a window meets */                                                     \
  KERNEL(avg_pool2d, (T* y, const T* x, int64_t begin, int64_t end, const PoolShape* shape))                            \
  KERNEL(avg_pool2d_backward, (T* dx, const T* dy, int64_t begin, int64_t end, const PoolShape* shape,                  \
                               bool accumulate))                                                                        \
  /* sums[c] += sum of (x[r, c] - mean[c])^2 over rows x columns elements */                                            \
  KERNEL(sum_squares_columns, (double* sums, const T* x, const T* mean, int64_t rows, int64_t columns))                 \
  /* the same and its square: sums[c] += sum of x[r, c] - origin[c], squares[c] += that of its squares, in double */     \
  KERNEL(sum_moments_columns, (double* sums, double* squares, const T* x, const T* origin, int64_t rows,                \
                               int64_t columns))                                                                        \
  /* sums[c] += sum of dy[r, c]; products[c] += sum of dy[r, c] * (x[r, c] - mean[c]). With shift, of relu's gradient:  \
     dy where (x[r, c] - mean[c]) * scale[c] + shift[c] > 0, else 0 */                                                  \
  KERNEL(sum_products_columns, (double* sums, double* products, const T* dy, const T* x, const T* mean,                 \
                                const T* scale, const T* shift, int64_t rows, int64_t columns))                         \
  /* y[r, c] = (x[r, c] - mean[c]) * scale[c] + shift[c], or relu of it */                                              \
  KERNEL(normalize_columns, (T* y, const T* x, const T* mean, const T* scale, const T* shift, int64_t rows,             \
                             int64_t columns, bool relu))                                                               \
  /* dx[r, c] (+)= scale[c] * dy[r, c] - offset[c] - (x[r, c] - mean[c]) * slope[c]; without offset scale[c] * dy; dy   \
     as in sum_products_columns */                                                                                      \
  KERNEL(normalize_columns_backward, (T* dx, const T* dy, const T* x, const T* mean, const T* scale, const T* shift,    \
                                      const T* offset, const T* slope, int64_t rows, int64_t columns,                   \
                                      bool accumulate))                                                                 \
  /* queries [begin, end) of a head: y = softmax(scale * q @ k.T + mask) @ v, logsumexp of their scores unless null; room \
     is kAttentionQueries * (kAttentionKeys + kAttentionGap) + kAttentionKeys * depth + 2 * (end - begin) numbers */     \
  KERNEL(attention, (T* y, T* logsumexp, const T* q, const T* k, const T* v, T* room, int64_t begin, int64_t end,       \
                     const Attention<T>& a))                                                                            \
  /* its gradients, (+)=, by keys [begin, end), begin a multiple of kAttentionKeys: all of dk[begin, end), dv[begin,    \
     end) and their share of dq; each of the three may be null. room is 3 * kAttentionQueries * (kAttentionKeys +       \
     kAttentionGap) + kAttentionKeys * (depth + value_depth) numbers */                                                 \
  KERNEL(attention_backward, (T* dq, T* dk, T* dv, const T* dy, const T* y, const T* q, const T* k, const T* v,         \
                              const T* logsumexp, T* room, int64_t begin, int64_t end, const AttentionGradients& g,     \
                              const Attention<T>& a))                                                                   \
  /* y[r] = (x[r] - mean(x[r])) * inverse[r] * gamma + beta, inverse[r] = 1 / sqrt(variance(x[r]) + epsilon); rms takes \
     the mean as 0; mean and inverse are kept unless null; gamma and beta may be null */                                \
  KERNEL(layer_norm_rows, (T* y, T* mean, T* inverse, const T* x, const T* gamma, const T* beta, int64_t rows,          \
                           int64_t n, double epsilon, bool rms))                                                        \
  /* dx (+)= its gradient; dgamma += sum of dy * normalised x, dbeta += sum of dy over the rows; all three may be null */\
  KERNEL(layer_norm_backward_rows, (T* dx, double* dgamma, double* dbeta, const T* dy, const T* x, const T* mean,       \
                                    const T* inverse, const T* gamma, int64_t rows, int64_t n, bool rms,                \
                                    bool accumulate))                                                                   \
  /* y[i] = table[ids[i]], rows of n; ids of id_bytes 4 or 8 are in range */                                            \
  KERNEL(gather_rows, (T* y, const T* table, const void* ids, int64_t id_bytes, int64_t count, int64_t n))              \
  /* sum[k] (+)= rows[order[0] * row + k] + rows[order[1] * row + k] + ..., k < n; 0 when count is */                   \
  KERNEL(sum_gathered, (T* sum, const T* rows, const int64_t* order, int64_t count, int64_t row, int64_t n,             \
                        bool accumulate))                                                                               \
  /* average[i] = momentum * average[i] + rest * value[i] */                                                            \
  KERNEL(moving_average, (T* average, const T* value, int64_t count, T momentum, T rest))                               \
  /* y[i] = f(x[i]); elu is scale * (x > 0 ? x : alpha * (exp(x) - 1)) */                                               \
  KERNEL(exp, (T* y, const T* x, int64_t count))                                                                        \
  KERNEL(log, (T* y, const T* x, int64_t count))                                                                        \
  KERNEL(sqrt, (T* y, const T* x, int64_t count))                                                                       \
  KERNEL(abs, (T* y, const T* x, int64_t count))                                                                        \
  KERNEL(sigmoid, (T* y, const T* x, int64_t count))                                                                    \
  KERNEL(tanh, (T* y, const T* x, int64_t count))                                                                       \
  KERNEL(gelu, (T* y, const T* x, int64_t count))                                                                       \
  KERNEL(gelu_tanh, (T* y, const T* x, int64_t count))                                                                  \
  KERNEL(silu, (T* y, const T* x, int64_t count))                                                                       \
  KERNEL(softplus, (T* y, const T* x, int64_t count))                                                                   \
  KERNEL(softsign, (T* y, const T* x, int64_t count))                                                                   \
  KERNEL(hard_sigmoid, (T* y, const T* x, int64_t count))                                                               \
  KERNEL(leaky_relu, (T* y, const T* x, int64_t count, T negative_slope))                                               \
  KERNEL(elu, (T* y, const T* x, int64_t count, T alpha, T scale))                                                      \
  KERNEL(clip, (T* y, const T* x, int64_t count, T low, T high))                                                        \
  /* dx[i] (+)= dy[i] * f'(x[i]), of sigmoid and tanh by y = f(x) */                                                    \
  KERNEL(abs_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                                \
  KERNEL(sigmoid_backward, (T* dx, const T* dy, const T* y, int64_t count, bool accumulate))                            \
  KERNEL(tanh_backward, (T* dx, const T* dy, const T* y, int64_t count, bool accumulate))                               \
  KERNEL(gelu_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                               \
  KERNEL(gelu_tanh_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                          \
  KERNEL(silu_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                               \
  KERNEL(softplus_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                           \
  KERNEL(softsign_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                           \
  KERNEL(hard_sigmoid_backward, (T* dx, const T* dy, const T* x, int64_t count, bool accumulate))                       \
  KERNEL(leaky_relu_backward, (T* dx, const T* dy, const T* x, int64_t count, T negative_slope, bool accumulate))       \
  KERNEL(elu_backward, (T* dx, const T* dy, const T* x, int64_t count, T alpha, T scale, bool accumulate))              \
  KERNEL(clip_backward, (T* dx, const T* dy, const T* x, int64_t count, T low, T high, bool accumulate))                \
  /* y[i] = max(x[i], 0), NaN stays */                                                                                  \
  KERNEL(relu, (T* y, const T* x, int64_t count))                                                                       \
  /* dx[i] (+)= y[i] > 0 ? dy[i] : 0 */                                                                                 \
  KERNEL(relu_backward, (T* dx, const T* dy, const T* y, int64_t count, bool accumulate))
// clang-format on

template <typename T>
struct KernelTable {
  const char* level;
#define FASTNN_KERNEL_FIELD(name, parameters) void(*name) parameters;
  FASTNN_KERNELS(FASTNN_KERNEL_FIELD)
#undef FASTNN_KERNEL_FIELD
  const TileKernels* tiles = nullptr;  // of a level with a matrix unit
};

// Kernels of int32_t, int64_t and uint8_t (bool too): plain loops, the same on every level; in reference.cpp.
template <typename T>
struct IntegerTable {
#define FASTNN_KERNEL_FIELD(name, parameters) void(*name) parameters;
  FASTNN_EXACT_KERNELS(FASTNN_KERNEL_FIELD)
#undef FASTNN_KERNEL_FIELD
};
template <typename T>
const IntegerTable<T>& integer_table();

// y[r, i] = x[r, i] as another type, the same on every level: floats are cut towards zero to integers, held within the
// type's ends, NaN is 0; integers wrap around; as bool everything but 0 is 1.
enum class ItemType { float32, float64, int32, int64, uint8, boolean };
using CastKernel = void (*)(void* y, const void* x, int64_t rows, int64_t count, CopyStrides s);
CastKernel cast_kernel(ItemType to, ItemType from);

// y[i * stride] = the i-th smallest of x[0], x[stride], ..., x[(n - 1) * stride], or the i-th largest, and where it stood,
// for i < k; NaN is the largest number, and equal numbers keep their order. y and places may be null; room is for n items
// of 16 bytes. T is a type of the tables; in reference/sort.cpp, the same on every level.
template <typename T>
void sort_line(T* y, int64_t* places, void* room, const T* x, int64_t n, int64_t k, int64_t stride, bool descending);

// Chosen on first use (dispatch.cpp). Throws Error when FASTNN_ISA names a level the CPU lacks.
const KernelTable<float>& active_table();
// Whether a level that this machine can have, active or not, has a matrix unit, or one that takes all: what is planned on
// one level has room for what another packs.
bool has_tiles(bool takes_all);
const KernelTable<float>& reference_table();
const KernelTable<double>& reference_table_double();

}  // namespace fastnn::kernels
