// A chain of ten elementwise operations over 10 million float32: one by one and compiled, beside
// the loop that one would write by hand.

#include <cmath>

#include "bench/kernels/random_arrays.h"
#include "bench/suite/sections.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::bench {
namespace {

constexpr int elements = 10'000'000;

struct Chain {
  const char* name;
  Arrays (*ops)(const Arrays& in);
  void (*by_hand)(const float* in, float* out, size_t n);
};

Arrays arithmetic(const Arrays& in) {
  const array& x = in[0];
  array y = x * 1.5f + 0.25f;
  y = y * x - 0.5f;
  y = abs(y) + 1.0f;
  y = minimum(maximum(y * x, array(-0.75f)), array(3.0f));
  return {-y};
}

__attribute__((target_clones("avx512f", "avx2", "default"))) void arithmetic_by_hand(
    const float* in, float* out, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float x = in[i];
    float y = x * 1.5f + 0.25f;
    y = y * x - 0.5f;
    y = (std::fabs(y) + 1.0f) * x;
    y = y > -0.75f ? y : -0.75f;
    out[i] = -(y < 3.0f ? y : 3.0f);
  }
}

Arrays roots(const Arrays& in) {
  const array& x = in[0];
  array y = x * 1.5f + 0.25f;
  y = y * x - 0.5f;
  y = sqrt(abs(y) + 1.0f);
  y = maximum(x / y, array(-0.75f));
  return {-y};
}

__attribute__((target_clones("avx512f", "avx2", "default"))) void roots_by_hand(const float* in,
                                                                                float* out,
                                                                                size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float x = in[i];
    float y = x * 1.5f + 0.25f;
    y = y * x - 0.5f;
    y = std::sqrt(std::fabs(y) + 1.0f);
    y = x / y;
    out[i] = -(y > -0.75f ? y : -0.75f);
  }
}

Arrays curves(const Arrays& in) {
  const array& x = in[0];
  array y = exp(x * 0.5f) + 1.0f;
  y = tanh(log(y) * x) * 0.5f;
  return {y * (-x) + 1.0f};
}

void curves_by_hand(const float* in, float* out, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const float x = in[i];
    out[i] = std::tanh(std::log(std::exp(x * 0.5f) + 1.0f) * x) * 0.5f * -x + 1.0f;
  }
}

Run by_hand(const Chain& chain, const array& x) {
  return timed([=] {
    array y({elements}, float32, nullptr, {});
    y.allocate();
    const float* in = x.data<float>();
    float* out = y.data<float>();
    cpu::parallel_for(elements, 1 << 15, [&](size_t begin, size_t end) {
      chain.by_hand(in + begin, out + begin, end - begin);
    });
    asm volatile("" : : "r"(out) : "memory");
  });
}

}  // namespace

void fused_chains(Suite& suite) {
  const Chain chains[] = {{"arithmetic", arithmetic, arithmetic_by_hand},
                          {"roots", roots, roots_by_hand},
                          {"curves", curves, curves_by_hand}};
  for (const Chain& chain : chains) {
    const auto beside_by_hand = [&](const std::function<Arrays(const Arrays&)>& ops) {
      const array x = random_array({elements});
      return Work{.unit = milliseconds,
                  .amount = 1,
                  .bound = Rival{"by hand", by_hand(chain, x)},
                  .run = timed([=] { ops({x})[0].eval(); })};
    };
    suite.measure(std::string("fused/one_by_one/") + chain.name,
                  [&] { return beside_by_hand(chain.ops); });
    suite.measure(std::string("fused/compiled/") + chain.name,
                  [&] { return beside_by_hand(compile(chain.ops)); });
  }
}

}  // namespace quern::bench
