// convolution_pool.inl: the reference of cpu/convolution_pool.inl.

template <typename T>
void convolution_max_pool(T* y, void* index, T* room, const T* x, const T* packed_weight, int64_t begin, int64_t end,
                          const ConvWindow& w, const PoolShape& pool, const Epilogue<T>& epilogue) {
  const int64_t row_size = pool.out_width * pool.channels, image_size = w.y.source * w.x.source * w.source_pixel;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / pool.out_height;
    ConvWindow part = w;  // the lines under one row of windows
    part.y.count = part.y.target = pool.kernel_height;
    part.y.offset += row % pool.out_height * pool.kernel_height * w.y.step;
    convolution(room, x + image * image_size, packed_weight, 0, pool.kernel_height * w.x.count, part, epilogue);
    PoolShape windows = pool;
    windows.height = pool.kernel_height;
    windows.out_height = 1;
    char* const index_to = static_cast<char*>(index);
    max_pool2d(y + row * row_size, index == nullptr ? nullptr : index_to + row * row_size * pool.index_size, room, 0, 1,
               &windows);
  }
}
