// The ceilings that benchmarks hold times against: multiply-adds in registers alone, and a triad over arrays that no
// cache holds. A program of its own: it is compiled for one instruction set by peak.py, which gives WIDTH (floats of a
// vector) and the flags, and takes the number of threads. It prints GFLOP/s and GB/s, the best of several runs.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

using Vector = float __attribute__((vector_size(4 * WIDTH)));
using Clock = std::chrono::steady_clock;

constexpr int kAccumulators = WIDTH == 16 ? 24 : 12;  // latency times issue width, within the registers there are
constexpr int64_t kSteps = 2'000'000;
constexpr int64_t kFloats = 16'000'000;  // of each array of a thread: 64 MB
constexpr int kRuns = 40;

volatile float sink;

void multiply_add(float factor, float term) {
  Vector sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = Vector{} + static_cast<float>(i);
  const Vector factors = Vector{} + factor;
  const Vector terms = Vector{} + term;
  for (int64_t step = 0; step < kSteps; ++step) {
#pragma GCC unroll 24
    for (int i = 0; i < kAccumulators; ++i) sums[i] = sums[i] * factors + terms;
  }
  Vector total{};
  for (int i = 0; i < kAccumulators; ++i) total += sums[i];
  sink = total[0];
}

void triad(float* a, const float* b, const float* c, float scale) {
  for (int64_t i = 0; i < kFloats; ++i) a[i] = b[i] + scale * c[i];
}

// Seconds of the fastest of kRuns runs in which every thread does its work once.
template <class Work>
double best(int threads, const Work& work) {
  double fastest = 1e30;
  std::barrier gate(threads);
  Clock::time_point start;
  auto body = [&](int thread) {
    for (int run = 0; run < kRuns; ++run) {
      gate.arrive_and_wait();
      if (thread == 0) start = Clock::now();
      work(thread);
      gate.arrive_and_wait();
      if (thread == 0) fastest = std::min(fastest, std::chrono::duration<double>(Clock::now() - start).count());
    }
  };
  std::vector<std::jthread> helpers;
  for (int thread = 1; thread < threads; ++thread) helpers.emplace_back(body, thread);
  body(0);
  return fastest;
}

}  // namespace

int main(int count, char** words) {
  const int threads = count > 1 ? std::atoi(words[1]) : 1;
  if (threads < 1) return 2;
  const double arithmetic = best(threads, [](int) { multiply_add(0.999f, 1e-3f); });
  std::vector<std::vector<float>> arrays(3 * static_cast<size_t>(threads), std::vector<float>(kFloats, 1.0f));
  const double memory = best(threads, [&](int thread) {
    auto* own = &arrays[3 * static_cast<size_t>(thread)];
    triad(own[0].data(), own[1].data(), own[2].data(), 0.5f);
  });
  const double flops = 2.0 * WIDTH * kAccumulators * static_cast<double>(kSteps) * threads;
  const double bytes = 12.0 * static_cast<double>(kFloats) * threads;
  std::printf("%.1f %.2f\n", flops / arithmetic / 1e9, bytes / memory / 1e9);
  return 0;
}
