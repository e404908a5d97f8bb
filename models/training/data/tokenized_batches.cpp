#include "models/training/data/tokenized_batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/io/safetensors.h"
#include "models/error.h"
#include "models/training/data/shuffle.h"

namespace quern::models {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw ModelError(fmt::format("[data] {}: {}", path.string(), what),
                   "It needs tokens [steps, B, T] and lengths [steps, B, 2], both int32.");
}

array tensor_of(const SafetensorsFile& file, const std::string& name) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) refuse(file.path(), fmt::format("no tensor \"{}\"", name));
  const auto& tensor = found->second;
  if (tensor.dtype != int32 || tensor.shape.size() != 3) {
    refuse(file.path(), fmt::format("\"{}\" is {} of {} dimensions, not int32 of 3", name,
                                    tensor.stored_type, tensor.shape.size()));
  }
  array loaded = file.load(name);
  loaded.eval();
  return loaded;
}

SafetensorsFile open_file(const std::filesystem::path& path) {
  try {
    return SafetensorsFile(path);
  } catch (const std::runtime_error& error) {
    throw ModelError(error.what(), "Choose a safetensors file of tokenized batches.");
  }
}

}  // namespace

bool TokenizedBatches::is_named_so(const std::filesystem::path& path) {
  return path.extension() == ".safetensors";
}

TokenizedBatches::TokenizedBatches(const std::filesystem::path& path, int32_t vocab_size)
    : path_(path),
      tokens_(tensor_of(open_file(path), "tokens")),
      lengths_(tensor_of(open_file(path), "lengths")) {
  steps_ = tokens_.shape(0);
  rows_ = tokens_.shape(1);
  columns_ = tokens_.shape(2);
  if (steps_ < 1 || rows_ < 1 || columns_ < 2 || lengths_.shape() != Shape{int(steps_), rows_, 2}) {
    refuse(path_, fmt::format("tokens [{}, {}, {}] with lengths [{}, {}, {}]", steps_, rows_,
                              columns_, lengths_.shape(0), lengths_.shape(1), lengths_.shape(2)));
  }
  for (int64_t step = 0; step < steps_; ++step) {
    const int32_t* tokens = tokens_.data<int32_t>() + step * rows_ * columns_;
    const int32_t* lengths = lengths_.data<int32_t>() + step * rows_ * 2;
    for (int row = 0; row < rows_; ++row) {
      const int32_t offset = lengths[row * 2], length = lengths[row * 2 + 1];
      if (offset < 0 || length < 1 || offset > length || length > columns_) {
        refuse(path_, fmt::format("step {}, row {}: offset {} and length {} in {} columns", step,
                                  row, offset, length, columns_));
      }
      for (int t = 0; t < columns_; ++t) {
        const int32_t token = tokens[row * columns_ + t];
        if (token < 0 || token >= vocab_size || (t >= length && token != 0)) {
          refuse(path_, fmt::format("step {}, row {}: token {} at {} of {}, in a vocabulary of {}",
                                    step, row, token, t, length, vocab_size));
        }
      }
    }
    if (batch_of(step).supervised_tokens() == 0) {
      refuse(path_, fmt::format("step {} has nothing to learn", step));
    }
  }
}

Batch TokenizedBatches::batch_of(int64_t step) const {
  const auto size = static_cast<size_t>(rows_) * static_cast<size_t>(columns_);
  const int32_t* tokens = tokens_.data<int32_t>() + step * rows_ * columns_;
  const int32_t* lengths = lengths_.data<int32_t>() + step * rows_ * 2;
  Batch batch;
  batch.rows = rows_;
  batch.columns = columns_;
  batch.tokens.assign(tokens, tokens + size);
  batch.supervised.assign(size, 0);
  for (int row = 0; row < rows_; ++row) {
    const int offset = std::max(lengths[row * 2], 1), length = lengths[row * 2 + 1];
    batch.lengths.push_back(length);
    for (int t = offset; t < length; ++t) batch.supervised[size_t(row * columns_ + t)] = 1;
  }
  return batch;
}

Batch TokenizedBatches::next() {
  Batch batch = batch_of(position_.batch);
  if (++position_.batch == steps_) position_ = {position_.epoch + 1, 0, 0};
  return batch;
}

uint64_t TokenizedBatches::fingerprint() const {
  uint64_t fingerprint = static_cast<uint64_t>(steps_);
  for (const array* part : {&tokens_, &lengths_}) {
    const int32_t* numbers = part->data<int32_t>();
    for (size_t i = 0; i < part->size(); ++i)
      fingerprint = mixed(fingerprint, static_cast<uint64_t>(numbers[i]));
  }
  return fingerprint;
}

void TokenizedBatches::seek(const DataPosition& position) {
  if (position.epoch < 0 || position.window != 0 || position.batch < 0 ||
      position.batch >= steps_) {
    throw std::out_of_range(fmt::format("[data] epoch {}, window {}, batch {}: no such batch of {}",
                                        position.epoch, position.window, position.batch, steps_));
  }
  position_ = position;
}

}  // namespace quern::models
