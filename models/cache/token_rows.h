#pragma once

#include <vector>

#include "engine/array/array.h"

namespace quern::models {

/// One row for each of some tokens, of each head, in order: floats [B, H, S, D], or the same in
/// fewer bits, in groups along the last axis (mode affine of engine/ops/quantized.h). A value.
struct TokenRows {
  explicit TokenRows(array rows) : parts{std::move(rows)} {}

  /// Throws ModelError when the rows' length is no multiple of group_size.
  static TokenRows quantized(const array& rows, int bits, int group_size);
  /// Parts and numbers as they were: see is_well_formed.
  TokenRows(std::vector<array> parts, int bits, int group_size)
      : parts(std::move(parts)), bits(bits), group_size(group_size) {}

  int count() const { return parts[0].shape(2); }
  int heads() const { return parts[0].shape(1); }
  bool is_quantized() const { return bits > 0; }
  /// Whether the parts fit each other and the numbers: what comes from a file may not.
  bool is_well_formed() const;

  TokenRows rows(int begin, int end) const;
  /// `written` from row `begin` on. In place where nobody else holds these rows.
  TokenRows with(const TokenRows& written, int begin) const;
  /// These rows, then `added`, then `room` rows of zeros. Both are of one form.
  TokenRows followed_by(const TokenRows& added, int room) const;
  /// `room` rows of zeros after these.
  TokenRows with_room(int room) const;

  /// Floats [B, H, S, D].
  array expanded() const;

  std::vector<array> parts;  ///< {rows}, or {packed rows, scales, biases}
  int bits = 0;              ///< 0: floats
  int group_size = 0;
};

/// Keys [B, H_kv, S, D] and values [B, H_kv, S, D_v] of the tokens that attention looks at: rows
/// [begin, end) of what is held.
struct SeenTokens {
  TokenRows keys, values;
  int begin, end;

  int count() const { return end - begin; }
};

}  // namespace quern::models
