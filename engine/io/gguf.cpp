#include "engine/io/gguf.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/array/half.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/io/gguf_file.h"
#include "engine/io/gguf_repack.h"
#include "engine/io/gguf_writer.h"
#include "engine/io/mapped_file.h"
#include "engine/io/stored_array.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

using Tensor = GGUFFile::Tensor;

constexpr int group = 32;               ///< elements that share a scale after repacking
constexpr size_t blocks_per_task = 64;  ///< enough work for a thread to be worth waking
constexpr std::string_view weight_suffix = ".weight";

array with_memory(Shape shape, Dtype dtype) {
  const size_t size = element_count(shape);
  return array(Buffer::allocate(size * dtype.size()), std::move(shape), dtype);
}

const uint8_t* blocks_of(const GGUFFile& file, const Tensor& t) {
  return static_cast<const uint8_t*>(std::as_const(*file.bytes().buffer()).data()) + t.offset;
}

array dequantized(const GGUFFile& file, const Tensor& t) {
  array out = with_memory(t.shape, float16);
  auto* to = out.data<float16_t>();
  const uint8_t* from = blocks_of(file, t);
  const GGUFType& type = *t.type;
  cpu::parallel_for(t.nbytes / type.block_bytes, blocks_per_task, [&](size_t begin, size_t end) {
    std::vector<float> values(type.block_elements);
    for (size_t i = begin; i < end; ++i) {
      type.decode(from + i * type.block_bytes, values.data());
      std::copy(values.begin(), values.end(), to + i * type.block_elements);
    }
  });
  return out;
}

/// The repacking of the types that become quantized weights; nullptr for others.
const GGUFRepacking* repacking_of(const Tensor& t) {
  const GGUFRepacking* found = find_gguf_repacking(t.type->id);
  const bool wanted = found && found->half_scales && found->group_size == group &&
                      (found->bits == 4 || t.type->name == "Q8_0");
  return wanted && !t.shape.empty() ? found : nullptr;
}

struct Affine {
  array weight, scales, biases;
};

Affine repacked(const GGUFFile& file, const Tensor& t, const GGUFRepacking& repacking) {
  Shape words = t.shape, groups = t.shape;
  words.back() = ShapeElem(size_t(words.back()) * size_t(repacking.bits) / 32);
  groups.back() /= group;
  Affine out{with_memory(words, uint32), with_memory(groups, float16),
             with_memory(groups, float16)};
  auto* packed = out.weight.data<uint8_t>();
  auto *scales = out.scales.data<float16_t>(), *biases = out.biases.data<float16_t>();
  const uint8_t* from = blocks_of(file, t);
  const size_t block_bytes = t.type->block_bytes, packed_bytes = size_t(group * repacking.bits / 8);
  cpu::parallel_for(t.nbytes / block_bytes, blocks_per_task, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      float scale = 0, bias = 0;
      repack_gguf_blocks(*t.type, repacking, from + i * block_bytes, 1, packed + i * packed_bytes,
                         &scale, &bias, nullptr);
      scales[i] = float16_t(scale);
      biases[i] = float16_t(bias);
    }
  });
  return out;
}

using ArrayMap = std::unordered_map<std::string, array>;

void add(ArrayMap& arrays, const GGUFFile& file, const std::string& name, array a) {
  if (!arrays.emplace(name, std::move(a)).second) {
    file.bytes().fail("tensor {} is there twice, once as part of a quantized one", name);
  }
}

void add_tensor(ArrayMap& arrays, const GGUFFile& file, const std::string& name, const Tensor& t) {
  if (t.type->dtype) {
    add(arrays, file, name, stored_array(file.bytes().buffer(), t.shape, *t.type->dtype, t.offset));
  } else if (const GGUFRepacking* repacking = repacking_of(t)) {
    Affine affine = repacked(file, t, *repacking);
    const std::string prefix =
        name.ends_with(weight_suffix) ? name.substr(0, name.size() - weight_suffix.size()) : name;
    add(arrays, file, name, std::move(affine.weight));
    add(arrays, file, prefix + ".scales", std::move(affine.scales));
    add(arrays, file, prefix + ".biases", std::move(affine.biases));
  } else if (t.type->decode) {
    add(arrays, file, name, dequantized(file, t));
  } else {
    file.bytes().fail("tensor {} is of type {}, whose code book is not known here", name,
                      t.type->name);
  }
}

}  // namespace

GGUFLoad load_gguf(const std::string& file, StreamOrDevice s) {
  const StreamContext context(s);
  const GGUFFile opened(ByteReader(MappedFile(file).buffer(), "[load_gguf] " + file));
  GGUFLoad out;
  for (const auto& [name, t] : opened.tensors()) add_tensor(out.first, opened, name, t);
  out.second.insert(opened.metadata().begin(), opened.metadata().end());
  return out;
}

void save_gguf(std::string file, std::unordered_map<std::string, array> arrays,
               std::unordered_map<std::string, GGUFMetaData> metadata) {
  if (!file.ends_with(".gguf")) file += ".gguf";
  std::map<std::string, array> ordered(std::make_move_iterator(arrays.begin()),
                                       std::make_move_iterator(arrays.end()));
  arrays.clear();
  std::vector<GGUFWriter::Tensor> tensors;
  for (const auto& [name, a] : ordered) {
    const GGUFType* type = find_gguf_type(a.dtype());
    if (!type) {
      throw std::invalid_argument(fmt::format("[save_gguf] GGUF has no type for tensor {} of {}",
                                              name, dtype_name(a.dtype())));
    }
    tensors.push_back({name, type, a.shape()});
  }
  GGUFWriter out(file, {metadata.begin(), metadata.end()}, std::move(tensors));
  for (auto& [name, a] : ordered) {
    array dense = contiguous(std::exchange(a, array(false)));
    dense.eval();
    out.write(dense.data<char>());
  }
  out.commit();
}

}  // namespace quern
