#include "engine/primitives/creation.h"

#include "engine/backend/cpu/cpu.h"

namespace quern::cpu {

namespace {

void arange(const Arange& p, const std::vector<array>&, std::vector<array>& out) {
  out[0].allocate();
  const size_t n = out[0].size();
  dispatch(out[0].dtype(), [&]<typename T>(std::type_identity<T>) {
    T* to = out[0].data<T>();
    for (size_t i = 0; i < n; ++i) to[i] = convert_element<T>(p.start + double(i) * p.step);
  });
}

void tri(const Tri& p, const std::vector<array>&, std::vector<array>& out) {
  out[0].allocate();
  const int rows = out[0].shape(0), columns = out[0].shape(1);
  dispatch(out[0].dtype(), [&]<typename T>(std::type_identity<T>) {
    T* to = out[0].data<T>();
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) *to++ = convert_element<T>(j - i <= p.k ? 1 : 0);
    }
  });
}

}  // namespace

void register_creation(KernelTable& table) {
  table.add<Arange, arange>();
  table.add<Tri, tri>();
}

}  // namespace quern::cpu
