// copy.inl: the reference of cpu/copy.inl. Items are bytes here, whatever T is.

template <typename T>
void copy(void* y, const void* x, int64_t rows, int64_t count, CopyStrides s, int64_t item_size) {
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < count; ++i) {
      std::memcpy(static_cast<char*>(y) + (row * s.y_row + i * s.y) * item_size,
                  static_cast<const char*>(x) + (row * s.x_row + i * s.x) * item_size, static_cast<size_t>(item_size));
    }
  }
}

template <typename T>
void fill(void* y, const void* item, int64_t count, int64_t item_size) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(static_cast<char*>(y) + i * item_size, item, static_cast<size_t>(item_size));
  }
}
