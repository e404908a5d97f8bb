#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/training/data/data_file.h"
#include "models/training/data/row_parser.h"

namespace quern::models {

/// Rows of a file that are known to be good, by where they lie in it: 12 bytes of memory each. Rows
/// are read anew each time. Immutable once filled; any thread may read.
class RowList {
 public:
  RowList(std::shared_ptr<const DataFile> file, RowParser parser, RowKind kind);

  void add(const Record& record);
  void add(const RowList& other, size_t index);

  size_t size() const { return offsets_.size(); }
  RowKind kind() const { return kind_; }
  void set_kind(RowKind kind) { kind_ = kind; }

  /// Throws ModelError when the file has changed since it was checked.
  Row read(size_t index) const;

  /// None yet, of the same file.
  RowList empty_copy() const { return RowList(file_, parser_, kind_); }

 private:
  std::shared_ptr<const DataFile> file_;
  RowParser parser_;
  RowKind kind_;
  std::vector<uint64_t> offsets_;
  std::vector<uint32_t> sizes_;
};

}  // namespace quern::models
