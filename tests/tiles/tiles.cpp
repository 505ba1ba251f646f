// tiles.cpp: the kernels of a matrix unit for tests/test_tiles.py, compiled with its emulation (FASTNN_TILES_EMULATED) or
// with AMX's instructions. These run where the CPU has them; elsewhere the processor refuses each one, and a signal
// handler does what Intel's manual says of it, so that the compiled instructions, their registers and layouts are tested
// too.
#define FASTNN_LEVEL tested
#include "kernels/cpu/tiles.cpp"

#if !defined(FASTNN_TILES_EMULATED)
#include <cpuid.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

namespace {

bool has_amx() {
  unsigned a, b, c, d = 0;
  constexpr unsigned kBf16 = 1u << 22, kTile = 1u << 24;
  __get_cpuid_count(7, 0, &a, &b, &c, &d);
  constexpr long kAskPermission = 0x1023, kTileData = 18;
  return (d & kBf16) != 0 && (d & kTile) != 0 && syscall(SYS_arch_prctl, kAskPermission, kTileData) == 0;
}

struct Tile {
  uint8_t row[16][64];
};
Tile tiles_of_thread[8];
int64_t trapped = 0;

float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
float number(const uint8_t* at) {
  uint32_t bits = static_cast<uint32_t>(at[0]) << 16 | static_cast<uint32_t>(at[1]) << 24;
  float x;
  std::memcpy(&x, &bits, 4);
  return flushed(x);
}

void multiply_tiles(Tile& sums, const Tile& rows, const Tile& columns) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) {
      float even = 0, odd = 0, sum;
      for (int k = 0; k < 16; ++k) {
        even = flushed(std::fma(number(&rows.row[i][4 * k]), number(&columns.row[k][4 * j]), even));
        odd = flushed(std::fma(number(&rows.row[i][4 * k + 2]), number(&columns.row[k][4 * j + 2]), odd));
      }
      std::memcpy(&sum, &sums.row[i][4 * j], 4);
      sum = flushed(flushed(sum) + flushed(even + odd));
      std::memcpy(&sums.row[i][4 * j], &sum, 4);
    }
  }
}

// Does the instruction at *code with the registers there, and returns its length; 0 for others than AMX's.
int64_t do_instruction(const uint8_t* code, const greg_t* registers) {
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2) return 0;
  constexpr int kRegisters[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  const auto value = [&](int index) { return static_cast<int64_t>(registers[kRegisters[index]]); };
  const int prefix = code[2] & 3, operation = code[3], mode = code[4] >> 6, reg = code[4] >> 3 & 7, rm = code[4] & 7;
  const int third = ~code[2] >> 3 & 7, high_index = code[1] & 0x40 ? 0 : 8, high_base = code[1] & 0x20 ? 0 : 8;
  if (mode == 3) {
    if (operation == 0x5c && prefix == 2) {
      multiply_tiles(tiles_of_thread[reg], tiles_of_thread[rm], tiles_of_thread[third]);
    } else if (operation == 0x49 && prefix == 3) {
      std::memset(&tiles_of_thread[reg], 0, sizeof(Tile));
    } else if (operation != 0x49 || prefix != 0) {
      return 0;
    }
    return 5;
  }
  int64_t length = 5, stride = 0, address = 0;
  if (rm == 4) {
    const uint8_t sib = code[length++];
    const int index = (sib >> 3 & 7) + high_index;
    if (index != 4) stride = value(index) << (sib >> 6);
    if ((sib & 7) == 5 && mode == 0) return 0;
    address = value((sib & 7) + high_base);
  } else if (mode == 0 && rm == 5) {  // relative to the next instruction
    int32_t offset;
    std::memcpy(&offset, code + length, 4);
    length += 4;
    address = reinterpret_cast<int64_t>(code) + length + offset;
  } else {
    address = value(rm + high_base);
  }
  if (mode == 1) address += static_cast<int8_t>(code[length++]);
  if (mode == 2) {
    int32_t offset;
    std::memcpy(&offset, code + length, 4);
    length += 4;
    address += offset;
  }
  auto* const memory = reinterpret_cast<uint8_t*>(address);
  if (operation == 0x49 && prefix == 0) {
    for (int tile = 0; tile < 8; ++tile) {
      if (memory[0] != 1 || memory[16 + 2 * tile] != 64 || memory[48 + tile] != 16) return 0;
    }
    std::memset(tiles_of_thread, 0, sizeof(tiles_of_thread));
  } else if (operation == 0x4b && prefix == 3) {
    for (int i = 0; i < 16; ++i) std::memcpy(tiles_of_thread[reg].row[i], memory + i * stride, 64);
  } else if (operation == 0x4b && prefix == 2) {
    for (int i = 0; i < 16; ++i) std::memcpy(memory + i * stride, tiles_of_thread[reg].row[i], 64);
  } else {
    return 0;
  }
  return length;
}

struct sigaction before;
void on_refused(int, siginfo_t*, void* context) {
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const int64_t length = do_instruction(reinterpret_cast<const uint8_t*>(registers[REG_RIP]), registers);
  registers[REG_RIP] += length;
  ++trapped;
  if (length == 0) sigaction(SIGILL, &before, nullptr);  // not ours: it is refused again
}

// Until the end of a scope AMX's instructions run, one way or the other.
struct Running {
  const bool real = has_amx();
  Running() {
    if (real) return;
    struct sigaction action{};
    action.sa_sigaction = on_refused;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGILL, &action, &before);
  }
  ~Running() {
    if (!real) sigaction(SIGILL, &before, nullptr);
  }
};

}  // namespace
#else
namespace {
struct Running {
  Running() {}
};
}  // namespace
#endif

using namespace fastnn::kernels;
using namespace fastnn::kernels::tested;

extern "C" {

// parts (3, count); count is a multiple of 16
void split_numbers(float* parts, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; i += kWidth) {
    VecUint of_x[3];
    split(of_x, load(x + i));
    for (int64_t p = 0; p < 3; ++p) store(parts + p * count + i, reinterpret_cast<Vec>(of_x[p]));
  }
}

// sums (32, 32) = the unit's products of `steps` pairs of blocks
void multiply_blocks(float* sums, const uint16_t* rows, const uint16_t* columns, int64_t steps) {
  const Running running;
  tiles.begin();
  TileUnit<2> unit;
  unit.clear();
  for (int64_t step = 0; step < steps; ++step) {
    unit.load_rows(rows + step * kPartNumbers);
    unit.load_columns(columns + step * kPartNumbers);
    unit.multiply();
  }
  unit.store_sums(sums);
  tiles.end();
}

int64_t packed_numbers(int64_t k, int64_t n, int64_t parts) {
  return blocks_of(k) * blocks_of(n) * parts * kPartNumbers;
}

void pack(uint16_t* packed, const float* b, const int64_t* sizes, const int64_t* strides, int64_t parts) {
  tiles.pack(packed, {nullptr, b, sizes[2], strides[3], strides[4]}, sizes[1], parts);
}

void product(float* y, const float* a, const uint16_t* packed, const float* b, const int64_t* sizes,
             const int64_t* strides, const float* bias, int relu, int accumulate, int64_t parts) {
  const Running running;
  tiles.begin();
  tiles.multiply(y, a, {packed, b, sizes[2], strides[3], strides[4]}, sizes[0], sizes[1],
                 {strides[0], strides[1], strides[2], 0}, {bias, relu != 0, accumulate != 0}, parts);
  tiles.end();
}

}  // extern "C"
