// pool.cpp: the thread pool. A job is cut into tickets, a share of them for each thread: what stands at one place of the
// arrays is, job for job, in one core's caches. A thread takes its own share from the front, then what is left of the
// others' from the back. `finished` counts the tickets that are done. Who takes a ticket (a compare-and-swap on its share)
// may read the job's fields until it has counted it in `finished`; the fields are written only when all tickets are
// finished. So a helper that comes late finds no ticket, or one of a newer job, and never an older job's fields. The pool
// is constant-initialized and has no destructor: importing runs nothing, and leaving the process while helpers run is
// harmless.
#include "core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "core/errors.h"
#include "core/machine.h"
#include "core/sizes.h"

namespace fastnn {
namespace {

constexpr int64_t kMaxThreads = 4096;
// From twice as many chunks on several are one ticket, for each costs a compare-and-swap. With half as many a few more
// chunks than tickets made tickets of two: a product in 43 pieces waited for the last of them for 2 % of its time.
constexpr int64_t kTicketsPerThread = 32;
// ns. Within a step work comes sooner than that; who spins longer takes the core from another process, or from the threads
// of NumPy or PyTorch in this one (benchmarks.shared: with 1 ms steps in turns with PyTorch took 1.7 times as long as
// apart, with 0.1 ms 1.2), and the step after a longer pause waits 30 us for its threads.
constexpr int64_t kLongestSpin = 100'000;
constexpr int64_t kShortestSpin = kLongestSpin / 8;
// After so many regions in which no helper took a ticket though all were awake, something else has their cores.
constexpr int32_t kMissesToHalve = 8;
// Two lines, for processors fetch neighbours in pairs.
constexpr size_t kLine = 128;

// Threads beyond so many have their shares together.
constexpr int32_t kShares = 64;

struct Job {
  void (*body)(void*, int64_t) = nullptr;
  void* argument = nullptr;
  int64_t chunks = 0, chunks_per_ticket = 0;
  int32_t tickets = 0;

  void run(int32_t ticket) const {
    const int64_t begin = ticket * chunks_per_ticket;
    const int64_t end = std::min(begin + chunks_per_ticket, chunks);
    for (int64_t chunk = begin; chunk < end; ++chunk) body(argument, chunk);
  }
};

// Tickets of one thread that nobody has taken: the first, and one past the last, in the upper half. The job stands beside
// them, so that one cache line tells a helper all.
struct Share {
  alignas(kLine) std::atomic<uint64_t> tickets{0};
  Job job;

  void store(int32_t first, int32_t last) {
    tickets.store(static_cast<uint64_t>(last) << 32 | static_cast<uint32_t>(first));
  }
  static int32_t first(uint64_t tickets) { return static_cast<int32_t>(tickets); }
  static int32_t last(uint64_t tickets) { return static_cast<int32_t>(tickets >> 32); }
  bool any() const {
    const uint64_t now = tickets.load();
    return first(now) < last(now);
  }
  // The number of a ticket that is now the caller's, or -1.
  int32_t take(bool from_front) {
    uint64_t now = tickets.load(std::memory_order_relaxed);
    while (first(now) < last(now)) {
      const uint64_t rest = from_front ? now + 1 : now - (uint64_t{1} << 32);
      if (tickets.compare_exchange_weak(now, rest, std::memory_order_acq_rel, std::memory_order_relaxed)) {
        return from_front ? first(now) : last(now) - 1;
      }
    }
    return -1;
  }
};

struct Pool {
  Share shares[kShares];

  alignas(kLine) std::atomic<int32_t> finished{0};

  alignas(kLine) std::atomic<bool> busy{false};  // a caller has the pool
  int32_t misses = 0;                            // the caller's

  alignas(kLine) std::atomic<int32_t> doorbell{0};  // helpers sleep while it keeps its value
  std::atomic<int32_t> sleepers{0};
  std::atomic<int32_t> caller_cpu{-1};  // where the last job came from

  alignas(kLine) std::atomic<int64_t> threads{0};  // 0: not known yet
  std::atomic<int64_t> requested{0};               // by set_num_threads; 0: the default
  std::atomic<int64_t> helpers{0};                 // running
  std::atomic<int64_t> spin_limit{0}, spin{0};     // ns
  std::atomic<bool> thread_refused{false};         // the system gave no thread; not asked again
  std::atomic<bool> fork_handled{false};
};

constinit Pool pool;
thread_local bool inside_region = false;

int64_t now() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count();
}

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits awake for up to `duration` ns; whether `ready` came true.
template <typename Ready>
bool spin_until(int64_t duration, Ready&& ready) {
  if (duration == 0) return ready();
  const int64_t end = now() + duration;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return true;
      relax();
    }
  } while (now() < end);
  return ready();
}

struct Work {
  int32_t done, of;
};

int32_t share_count(int64_t threads) { return static_cast<int32_t>(std::min<int64_t>(threads, kShares)); }

// Does tickets until none of `shares` has any, those of its own first: how many, and of how many. All are of one job, for
// a job with an uncounted ticket isn't finished.
Work work(int32_t own, int32_t shares) {
  Work mine{0, 0};
  for (int32_t i = 0; i < shares; ++i) {
    Share& share = pool.shares[(own + i) % shares];
    for (int32_t ticket; (ticket = share.take(i == 0)) >= 0;) {
      mine.of = share.job.tickets;
      ++mine.done;
      share.job.run(ticket);
    }
  }
  return mine;
}

bool surplus() {
  return pool.helpers.load(std::memory_order_relaxed) > pool.threads.load(std::memory_order_relaxed) - 1;
}

// Whether this helper should end because the pool shrank; if so it is no longer counted.
bool retire() {
  int64_t helpers = pool.helpers.load(std::memory_order_relaxed);
  while (helpers > pool.threads.load(std::memory_order_relaxed) - 1) {
    if (pool.helpers.compare_exchange_weak(helpers, helpers - 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void wake_one() {
  pool.doorbell.fetch_add(1);
  pool.doorbell.notify_one();
}

bool any_tickets(int32_t shares) {
  return std::any_of(pool.shares, pool.shares + shares, [](const Share& share) { return share.any(); });
}

void sleep_until_wanted(int32_t shares) {
  const int32_t bell = pool.doorbell.load();
  // With the stores and the load in pool_run: either we see the tickets, or the caller sees a sleeper.
  pool.sleepers.fetch_add(1);
  if (!any_tickets(shares) && !surplus()) pool.doorbell.wait(bell);
  pool.sleepers.fetch_sub(1);
  // The caller wakes one helper only; each wakes the next, which keeps waking cheap for the caller.
  if (any_tickets(shares) && pool.sleepers.load() > 0) wake_one();
}

// A scheduler that keeps few CPUs busy wakes a helper on its caller's, where it waits for the end of the time slice, and
// then holds the caller up, while another CPU idles. One that finds itself there leaves, and may go anywhere afterwards.
void leave_caller_cpu() {
#if defined(__linux__)
  const int cpu = pool.caller_cpu.load(std::memory_order_relaxed);
  if (sched_getcpu() != cpu) return;
  cpu_set_t all, others;
  if (sched_getaffinity(0, sizeof(all), &all) != 0) return;
  others = all;
  CPU_CLR(cpu, &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof(others), &others) != 0) return;
  sched_setaffinity(0, sizeof(all), &all);
#endif
}

// The helper with this number, from 1 on.
void helper_main(int64_t number) {
  inside_region = true;
  while (!retire()) {
    const int32_t shares = share_count(pool.threads.load(std::memory_order_relaxed));
    const int32_t own = static_cast<int32_t>(number % shares);
    const auto has_tickets = [&] { return pool.shares[own].any(); };
    if (!spin_until(pool.spin.load(std::memory_order_relaxed), has_tickets)) sleep_until_wanted(shares);
    leave_caller_cpu();
    const Work mine = work(own, shares);
    if (mine.done > 0 && pool.finished.fetch_add(mine.done, std::memory_order_acq_rel) + mine.done == mine.of) {
      pool.finished.notify_one();
    }
  }
}

// In the child of a fork: the helpers are gone, whatever they and other callers were doing. Stores only: nothing else is
// safe here.
void start_over_in_child() {
  for (Share& share : pool.shares) share.store(0, 0);
  pool.finished.store(0);
  pool.busy.store(false);
  pool.misses = 0;
  pool.sleepers.store(0);
  pool.helpers.store(0);
  pool.thread_refused.store(false);
  if (pool.requested.load() == 0) pool.threads.store(0);  // the child may get another affinity mask
}

// Two threads may both register the handler; twice does no harm, too late would.
bool handle_forks() {
  if (pool.fork_handled.load()) return true;
  if (pthread_atfork(nullptr, nullptr, start_over_in_child) != 0) return false;
  pool.fork_handled.store(true);
  return true;
}

// Starts helpers up to the wanted number. The system refusing a thread is no error.
void grow(int64_t wanted) {
  int64_t missing = wanted - pool.helpers.load(std::memory_order_relaxed);
  if (missing <= 0 || pool.thread_refused.load(std::memory_order_relaxed)) return;
  // Signals are for the program's own threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (; missing > 0; --missing) {
    const int64_t number = pool.helpers.fetch_add(1) + 1;
    try {
      std::thread(helper_main, number).detach();
    } catch (const std::exception&) {
      pool.helpers.fetch_sub(1);
      pool.thread_refused.store(true);
      break;
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// Spins less while other programs hold the helpers' cores, and more again once helpers help.
void adapt_spin(bool helped, bool all_awake) {
  const int64_t limit = pool.spin_limit.load(std::memory_order_relaxed);
  const int64_t spin = pool.spin.load(std::memory_order_relaxed);
  if (helped) {
    pool.misses = 0;
    if (spin < limit) pool.spin.store(std::min(limit, 2 * spin), std::memory_order_relaxed);
  } else if (all_awake && ++pool.misses == kMissesToHalve) {
    pool.misses = 0;
    pool.spin.store(std::min(limit, std::max(spin / 2, kShortestSpin)), std::memory_order_relaxed);
  }
}

// With more threads than CPUs, who spins keeps another from working.
void set_spin(int64_t threads) {
  const int64_t limit = static_cast<double>(threads) <= usable_cpus() ? kLongestSpin : 0;
  pool.spin_limit.store(limit);
  pool.spin.store(limit);
}

void run_serially(int64_t chunks, void (*body)(void*, int64_t), void* argument) {
  const bool nested = std::exchange(inside_region, true);
  for (int64_t chunk = 0; chunk < chunks; ++chunk) body(argument, chunk);
  inside_region = nested;
}

}  // namespace

void pool_run(int64_t chunks, void (*body)(void*, int64_t), void* argument) {
  const int64_t threads = inside_region ? 1 : get_num_threads();
  if (threads == 1 || chunks <= 1 || !handle_forks() || pool.busy.exchange(true, std::memory_order_acquire)) {
    run_serially(chunks, body, argument);
    return;
  }
  grow(threads - 1);
  if (pool.helpers.load(std::memory_order_relaxed) <= 0) {
    pool.busy.store(false, std::memory_order_release);
    run_serially(chunks, body, argument);
    return;
  }

  Job job{body, argument, chunks, std::max<int64_t>(1, chunks / (kTicketsPerThread * threads)), 0};
  const int32_t tickets = job.tickets = static_cast<int32_t>(ceil_divide(chunks, job.chunks_per_ticket));
  pool.finished.store(0, std::memory_order_relaxed);
#if defined(__linux__)
  const int cpu = sched_getcpu();  // stored only when it is another one: helpers keep the line
  if (pool.caller_cpu.load(std::memory_order_relaxed) != cpu) pool.caller_cpu.store(cpu, std::memory_order_relaxed);
#endif
  const int32_t shares = share_count(threads);
  const int32_t parts = std::min(shares, tickets);
  for (int32_t i = parts - 1; i >= 0; --i) {
    pool.shares[i].job = job;
    pool.shares[i].store(i * tickets / parts, (i + 1) * tickets / parts);  // publishes the job
  }
  const bool all_awake = pool.sleepers.load() == 0;
  if (!all_awake) wake_one();

  inside_region = true;
  const Work mine = work(0, shares);
  inside_region = false;
  pool.finished.fetch_add(mine.done, std::memory_order_acq_rel);
  const auto complete = [tickets] { return pool.finished.load(std::memory_order_acquire) == tickets; };
  if (!spin_until(pool.spin.load(std::memory_order_relaxed), complete)) {
    for (int32_t seen; (seen = pool.finished.load(std::memory_order_acquire)) != tickets;) pool.finished.wait(seen);
  }
  adapt_spin(mine.done < tickets, all_awake);
  pool.busy.store(false, std::memory_order_release);
}

void set_num_threads(int64_t count) {
  if (count < 0 || count > kMaxThreads) {
    value_error("set_num_threads: expected a count from 0 (the default) to ", kMaxThreads, ", got ", count);
  }
  const int64_t threads = count > 0 ? count : default_num_threads();
  set_spin(threads);
  pool.requested.store(count);
  pool.threads.store(threads);
  pool.thread_refused.store(false);
  pool.doorbell.fetch_add(1);  // helpers that are too many wake and end
  pool.doorbell.notify_all();
}

int64_t get_num_threads() {
  int64_t threads = pool.threads.load(std::memory_order_relaxed);
  if (threads > 0) return threads;
  const int64_t default_threads = default_num_threads();
  // A count set meanwhile by another thread stays.
  if (!pool.threads.compare_exchange_strong(threads, default_threads)) return threads;
  set_spin(default_threads);
  return default_threads;
}

}  // namespace fastnn
