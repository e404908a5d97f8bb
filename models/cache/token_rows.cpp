#include "models/cache/token_rows.h"

#include <fmt/format.h>

#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "engine/ops/slice_update.h"
#include "models/error.h"

namespace quern::models {

namespace {

array zeros_after(const array& a, int room) {
  return broadcast_to(array(0, a.dtype()), {a.shape(0), a.shape(1), room, a.shape(3)});
}

template <typename F>
TokenRows each(const TokenRows& rows, F&& f) {
  std::vector<array> parts;
  for (size_t i = 0; i < rows.parts.size(); ++i) parts.push_back(f(i));
  return {std::move(parts), rows.bits, rows.group_size};
}

}  // namespace

TokenRows TokenRows::quantized(const array& rows, int bits, int group_size) {
  if (rows.shape(3) % group_size != 0) {
    throw ModelError(fmt::format("[cache] keys or values of {} elements cannot be held in {} bits "
                                 "in groups of {}",
                                 rows.shape(3), bits, group_size),
                     "Choose another group size, or keep keys and values as they are.");
  }
  return {quantize(rows, group_size, bits), bits, group_size};
}

bool TokenRows::is_well_formed() const {
  for (const array& part : parts) {
    if (part.ndim() != 4 || part.shape(0) != parts[0].shape(0) ||
        part.shape(1) != parts[0].shape(1) || part.shape(2) != parts[0].shape(2))
      return false;
  }
  if (bits == 0) return parts.size() == 1 && issubdtype(parts[0].dtype(), floating);
  if ((bits != 4 && bits != 8) || (group_size != 32 && group_size != 64 && group_size != 128))
    return false;
  const auto is_scale = [&](const array& a) {
    return issubdtype(a.dtype(), floating) && a.shape() == parts[1].shape();
  };
  return parts.size() == 3 && parts[0].dtype() == uint32 && is_scale(parts[1]) &&
         is_scale(parts[2]) &&
         int64_t(parts[0].shape(3)) * (32 / bits) == int64_t(parts[1].shape(3)) * group_size;
}

TokenRows TokenRows::rows(int begin, int end) const {
  return each(*this, [&](size_t i) {
    const array& a = parts[i];
    return slice(a, {0, 0, begin, 0}, {a.shape(0), a.shape(1), end, a.shape(3)});
  });
}

TokenRows TokenRows::with(const TokenRows& written, int begin) const {
  return each(*this, [&](size_t i) {
    const array& a = parts[i];
    return slice_update(a, written.parts[i], {0, 0, begin, 0},
                        {a.shape(0), a.shape(1), begin + written.count(), a.shape(3)});
  });
}

TokenRows TokenRows::followed_by(const TokenRows& added, int room) const {
  return each(*this, [&](size_t i) {
    return concatenate({parts[i], added.parts[i], zeros_after(parts[i], room)}, 2);
  });
}

TokenRows TokenRows::with_room(int room) const {
  return each(*this, [&](size_t i) {
    return concatenate({parts[i], zeros_after(parts[i], room)}, 2);
  });
}

array TokenRows::expanded() const {
  if (!is_quantized()) return parts[0];
  return dequantize(parts[0], parts[1], parts[2], group_size, bits);
}

}  // namespace quern::models
