#include "models/weights/gguf/gguf_checkpoint.h"

#include <fmt/format.h>

#include <optional>
#include <regex>

#include "engine/backend/cpu/thread_pool.h"
#include "engine/io/gguf_repack.h"
#include "engine/io/mapped_file.h"
#include "engine/io/stored_array.h"
#include "engine/ops/host_function.h"
#include "models/error.h"
#include "models/weights/foreign/repack.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;

constexpr const char* download_again = "The download is damaged or incomplete: download it again.";
constexpr size_t blocks_per_task = 256;
constexpr std::string_view weight_ending = ".weight";

[[noreturn]] void fail(const fs::path& file, const std::string& message,
                       const std::string& advice = download_again) {
  throw ModelError(fmt::format("[gguf] {}: {}", file.string(), message), advice);
}

GGUFFile open_file(const fs::path& file) {
  try {
    return GGUFFile(ByteReader(MappedFile(file).buffer(), "[gguf] " + file.string()));
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& e) {
    throw ModelError(e.what(), download_again);
  }
}

/// The files of the split that this one belongs to, in order; itself when it belongs to none.
std::vector<fs::path> files_of_split(const fs::path& file) {
  static const std::regex pattern("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
  const std::string name = file.filename().string();
  std::smatch match;
  if (!std::regex_match(name, match, pattern)) return {file};
  const int count = std::stoi(match[3]);
  std::vector<fs::path> files;
  std::string missing;
  for (int i = 1; i <= count; ++i) {
    const std::string part = fmt::format("{}-{:05}-of-{:05}.gguf", match[1].str(), i, count);
    files.push_back(file.parent_path() / part);
    if (!fs::exists(files.back())) missing += (missing.empty() ? "" : ", ") + part;
  }
  if (files.empty()) return {file};
  if (!missing.empty()) {
    fail(file,
         fmt::format("is one of {} files; {} {} missing", count, missing,
                     missing.find(',') == std::string::npos ? "is" : "are"),
         "Download all files of the model into one folder.");
  }
  return files;
}

/// The blocks of a tensor where they lie, as bytes.
array stored_blocks(const GGUFFile& file, const GGUFFile::Tensor& t) {
  // One axis may not be so long: rows do not matter here.
  const auto blocks = int(t.nbytes / t.type->block_bytes);
  return stored_array(file.bytes().buffer(), {blocks, int(t.type->block_bytes)}, uint8, t.offset);
}

array decoded(const array& blocks, const GGUFFile::Tensor& t) {
  const auto decode = [type = t.type](const Arrays& in, Arrays& out) {
    cpu::parallel_for(size_t(in[0].shape(0)), blocks_per_task, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        type->decode(in[0].data<uint8_t>() + i * type->block_bytes,
                     out[0].data<float>() + i * type->block_elements);
      }
    });
  };
  return host_function(decode, {blocks}, {t.shape}, {float32})[0];
}

/// {weight, scales} or {weight, scales, biases}.
Arrays repacked(const array& blocks, const GGUFFile::Tensor& t, const GGUFRepacking& repacking) {
  const bool affine = std::string_view(repacking.mode) == "affine";
  Shape words = t.shape, groups = t.shape;
  words.back() = ShapeElem(int64_t(words.back()) * repacking.bits / 32);
  groups.back() /= repacking.group_size;
  const auto repack = [type = t.type, &repacking, affine](const Arrays& in, Arrays& out) {
    const size_t packed_bytes = type->block_elements * size_t(repacking.bits) / 8;
    const size_t groups = type->block_elements / size_t(repacking.group_size);
    cpu::parallel_for(size_t(in[0].shape(0)), blocks_per_task, [&](size_t begin, size_t end) {
      std::vector<float> scales, biases;
      for (size_t first = begin; first < end; first += blocks_per_task) {
        const size_t count = std::min(blocks_per_task, end - first);
        const uint8_t* from = in[0].data<uint8_t>() + first * type->block_bytes;
        uint8_t* packed = out[0].data<uint8_t>() + first * packed_bytes;
        if (!affine) {
          repack_gguf_blocks(*type, repacking, from, count, packed, nullptr, nullptr,
                             out[1].data<uint8_t>() + first * groups);
        } else if (!repacking.half_scales) {
          repack_gguf_blocks(*type, repacking, from, count, packed,
                             out[1].data<float>() + first * groups,
                             out[2].data<float>() + first * groups, nullptr);
        } else {
          scales.resize(count * groups);
          biases.resize(count * groups);
          repack_gguf_blocks(*type, repacking, from, count, packed, scales.data(), biases.data(),
                             nullptr);
          std::copy(scales.begin(), scales.end(), out[1].data<float16_t>() + first * groups);
          std::copy(biases.begin(), biases.end(), out[2].data<float16_t>() + first * groups);
        }
      }
    });
  };
  if (!affine) return host_function(repack, {blocks}, {words, groups}, {uint32, uint8});
  const Dtype scale = repacking.half_scales ? float16 : float32;
  return host_function(repack, {blocks}, {words, groups, groups}, {uint32, scale, scale});
}

}  // namespace

void GgufCheckpoint::add(const fs::path& file, GGUFFile opened) {
  for (const auto& [name, tensor] : opened.tensors()) {
    if (!file_of_.emplace(name, files_.size()).second) fail(file, name + " is in two files");
  }
  files_.push_back(std::move(opened));
}

GgufCheckpoint GgufCheckpoint::open(const fs::path& file) {
  const std::vector<fs::path> files = files_of_split(file);
  GGUFFile first = open_file(files[0]);
  GgufCheckpoint out(GgufMetadata(first.metadata(), files[0].string()));
  const int64_t count = out.metadata_.integer("split.count").value_or(1);
  if (count != int64_t(files.size()) && !(count == 0 && files.size() == 1)) {
    fail(files[0],
         fmt::format("says that the model has {} files, but its name says {}", count, files.size()),
         "Give the files the names that they were published with.");
  }
  out.add(files[0], std::move(first));
  for (size_t i = 1; i < files.size(); ++i) out.add(files[i], open_file(files[i]));
  if (out.file_of_.empty()) {
    fail(files[0], "holds no tensors: it is a vocabulary, not a model", "Choose the model's file.");
  }
  return out;
}

std::vector<std::string> GgufCheckpoint::names() const {
  std::vector<std::string> out;
  for (const auto& [name, file] : file_of_) out.push_back(name);
  return out;
}

const GGUFFile::Tensor* GgufCheckpoint::find(const std::string& name) const {
  const auto found = file_of_.find(name);
  return found == file_of_.end() ? nullptr : &files_[found->second].tensors().at(name);
}

void GgufCheckpoint::add_to(Weights& weights, QuantizationConfig& quantization,
                            const std::string& tensor, const std::string& name) const {
  const GGUFFile& file = files_[file_of_.at(tensor)];
  const GGUFFile::Tensor& t = file.tensors().at(tensor);
  const auto set = [&](const std::string& as, const array& value) {
    if (!weights.emplace(as, value).second) {
      metadata_.fail(tensor, fmt::format("is there twice, as {}", as));
    }
  };
  if (t.type->dtype) {
    set(name, stored_array(file.bytes().buffer(), t.shape, *t.type->dtype, t.offset));
    return;
  }
  const GGUFRepacking* repacking = find_gguf_repacking(t.type->id);
  if (repacking && t.shape.size() >= 2 && name.ends_with(weight_ending)) {
    const std::string path = name.substr(0, name.size() - weight_ending.size());
    const Arrays parts = repacked(stored_blocks(file, t), t, *repacking);
    set(name, parts[0]);
    set(path + ".scales", parts[1]);
    if (parts.size() == 3) set(path + ".biases", parts[2]);
    set_quantization(path, {repacking->group_size, repacking->bits, repacking->mode}, quantization);
  } else if (t.type->decode) {
    set(name, decoded(stored_blocks(file, t), t));
  } else {
    metadata_.fail(
        tensor, fmt::format("is of type {}, whose code book is not known here", t.type->name),
        "Choose another version of the model: Q4_K_M, Q5_K_M, Q6_K or Q8_0, for example.");
  }
}

}  // namespace quern::models
