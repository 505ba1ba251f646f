// take.inl: the reference of cpu/take.inl. Items are bytes where they are only moved, whatever T is.

inline int64_t taken_row(const void* indices, int64_t at, const TakeShape& s) {
  const int64_t index =
      s.index_size == 4 ? static_cast<const int32_t*>(indices)[at] : static_cast<const int64_t*>(indices)[at];
  return index < 0 ? index + s.rows : index;
}

template <typename T>
void take_rows(void* y, const void* x, const void* indices, int64_t begin, int64_t end, const TakeShape* shape) {
  const TakeShape& s = *shape;
  const int64_t bytes = s.inner * s.item_size;
  for (int64_t line = begin; line < end; ++line) {
    const int64_t row = line / s.count * s.rows + taken_row(indices, line % s.count, s);
    std::memcpy(static_cast<char*>(y) + line * bytes, static_cast<const char*>(x) + row * bytes,
                static_cast<size_t>(bytes));
  }
}

template <typename T>
void take_items(void* y, const void* x, const void* indices, int64_t begin, int64_t end, const TakeShape* shape) {
  const TakeShape& s = *shape;
  for (int64_t line = begin; line < end; ++line) {
    for (int64_t i = 0; i < s.inner; ++i) {
      const int64_t at = line * s.inner + i;
      const int64_t row = line / s.count * s.rows + taken_row(indices, at, s);
      std::memcpy(static_cast<char*>(y) + at * s.item_size,
                  static_cast<const char*>(x) + (row * s.inner + i) * s.item_size, static_cast<size_t>(s.item_size));
    }
  }
}

template <typename T>
void take_items_backward(T* dx, const T* dy, const void* indices, int64_t begin, int64_t end, const TakeShape* shape,
                         bool accumulate) {
  const TakeShape& s = *shape;
  for (int64_t row = 0; row < s.rows && !accumulate; ++row)
    std::fill(dx + row * s.inner + begin, dx + row * s.inner + end, T{0});
  for (int64_t line = 0; line < s.count; ++line) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = line * s.inner + i;
      dx[taken_row(indices, at, s) * s.inner + i] += dy[at];
    }
  }
}
