// sort.cpp: the order of the numbers of a line, the same on every level. A number becomes an unsigned key of its size that
// is larger where the number is, NaN above infinity and -0 equal to 0; key and place are sorted together, so equal numbers
// keep their order and the result is the only one there is. 32-bit keys share one 64-bit item with their place.
#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/kernels.h"

namespace fastnn::kernels {
namespace {

template <typename T>
auto key_of(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    using Key = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    constexpr Key sign = Key{1} << (8 * sizeof(Key) - 1);
    if (x != x) return std::numeric_limits<Key>::max();
    if (x == 0) return sign;
    Key bits;
    std::memcpy(&bits, &x, sizeof(bits));
    return static_cast<Key>((bits & sign) != 0 ? ~bits : bits | sign);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return static_cast<uint64_t>(x) ^ (uint64_t{1} << 63);
  } else {
    // from the smallest number of the type on
    return static_cast<uint32_t>(static_cast<int64_t>(x) - std::numeric_limits<T>::min());
  }
}

struct LongItem {
  uint64_t key;
  int64_t place;
  bool operator<(const LongItem& other) const { return key != other.key ? key < other.key : place < other.place; }
};

template <typename T, typename Item>
void sort_items(T* y, int64_t* places, Item* items, const T* x, int64_t n, int64_t k, int64_t stride, bool descending) {
  constexpr bool packed = std::is_same_v<Item, uint64_t>;
  for (int64_t i = 0; i < n; ++i) {
    auto key = key_of(x[i * stride]);
    if (descending) key = static_cast<decltype(key)>(~key);
    if constexpr (packed) {
      items[i] = static_cast<uint64_t>(key) << 32 | static_cast<uint64_t>(i);
    } else {
      items[i] = {key, i};
    }
  }
  if (k < n) std::nth_element(items, items + k, items + n);
  std::sort(items, items + k);
  for (int64_t i = 0; i < k; ++i) {
    int64_t place;
    if constexpr (packed) {
      place = static_cast<int64_t>(items[i] & 0xffffffff);
    } else {
      place = items[i].place;
    }
    if (y != nullptr) y[i * stride] = x[place * stride];
    if (places != nullptr) places[i * stride] = place;
  }
}

}  // namespace

template <typename T>
void sort_line(T* y, int64_t* places, void* room, const T* x, int64_t n, int64_t k, int64_t stride, bool descending) {
  if constexpr (sizeof(T) <= 4) {
    if (n <= std::numeric_limits<uint32_t>::max()) {
      sort_items(y, places, static_cast<uint64_t*>(room), x, n, k, stride, descending);
      return;
    }
  }
  sort_items(y, places, reinterpret_cast<LongItem*>(room), x, n, k, stride, descending);
}

template void sort_line(float*, int64_t*, void*, const float*, int64_t, int64_t, int64_t, bool);
template void sort_line(double*, int64_t*, void*, const double*, int64_t, int64_t, int64_t, bool);
template void sort_line(int32_t*, int64_t*, void*, const int32_t*, int64_t, int64_t, int64_t, bool);
template void sort_line(int64_t*, int64_t*, void*, const int64_t*, int64_t, int64_t, int64_t, bool);
template void sort_line(uint8_t*, int64_t*, void*, const uint8_t*, int64_t, int64_t, int64_t, bool);

}  // namespace fastnn::kernels
