#include "models/training/data/row_list.h"

#include <fmt/format.h>

#include "models/error.h"

namespace quern::models {

RowList::RowList(std::shared_ptr<const DataFile> file, RowParser parser, RowKind kind)
    : file_(std::move(file)), parser_(std::move(parser)), kind_(kind) {}

void RowList::add(const Record& record) {
  offsets_.push_back(record.offset);
  sizes_.push_back(static_cast<uint32_t>(record.size));  // largest_record is far below 4 GiB
}

void RowList::add(const RowList& other, size_t index) {
  offsets_.push_back(other.offsets_[index]);
  sizes_.push_back(other.sizes_[index]);
}

Row RowList::read(size_t index) const {
  Record record;
  record.offset = offsets_.at(index);
  record.size = sizes_.at(index);
  record.bytes = file_->read(record.offset, record.size);
  try {
    return parser_.parse(record);
  } catch (const RowError& error) {
    throw ModelError(fmt::format("[data] {}: the row at byte {} was good and is not any more: {}",
                                 file_->path().string(), record.offset, error.what()),
                     "Do not change a data file while it is trained on.");
  }
}

}  // namespace quern::models
