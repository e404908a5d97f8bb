#include "engine/primitives/random.h"

#include <bit>
#include <cstring>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

struct Words {
  uint32_t x, y;
};

/// Threefry-2x32 with 20 rounds.
Words threefry(Words key, Words counter) {
  constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const uint32_t schedule[3] = {key.x, key.y, key.x ^ key.y ^ 0x1BD11BDAu};
  uint32_t x = counter.x + schedule[0], y = counter.y + schedule[1];
  for (uint32_t i = 0; i < 5; ++i) {
    for (const int r : rotations[i % 2]) {
      x += y;
      y = std::rotl(y, r) ^ x;
    }
    x += schedule[(i + 1) % 3];
    y += schedule[(i + 2) % 3] + i + 1;
  }
  return {x, y};
}

/// The bytes of one key's block: its counter's halves give the first and the second half of the
/// words.
void fill(Words key, char* out, size_t bytes) {
  const size_t words = (bytes + 3) / 4, half = words / 2, odd = words % 2;
  const auto put = [&](size_t word, uint32_t value) {
    std::memcpy(out + 4 * word, &value, std::min<size_t>(4, bytes - 4 * word));
  };
  parallel_for(half, 1 << 14, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const Words w = threefry(key, {uint32_t(i), uint32_t(half + odd + i)});
      put(i, w.x);
      put(half + odd + i, w.y);
    }
  });
  if (odd) put(half, threefry(key, {uint32_t(half), 0}).x);
}

void random_bits(const RandomBits&, const std::vector<array>& in, std::vector<array>& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const array keys = row_contiguous(in[0]);
  const size_t count = keys.size() / 2, bytes = out[0].nbytes() / count;
  const uint32_t* key = keys.data<uint32_t>();
  for (size_t i = 0; i < count; ++i) {
    fill({key[2 * i], key[2 * i + 1]}, out[0].data<char>() + i * bytes, bytes);
  }
}

}  // namespace

void register_random(KernelTable& table) { table.add<RandomBits, random_bits>(); }

}  // namespace quern::cpu
