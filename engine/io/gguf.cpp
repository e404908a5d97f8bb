#include "engine/io/gguf.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/array/half.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/io/atomic_file.h"
#include "engine/io/gguf_file.h"
#include "engine/io/mapped_file.h"
#include "engine/io/stored_array.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

using Tensor = GGUFFile::Tensor;

constexpr size_t group = 32;            ///< elements that share a scale after repacking
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

struct Affine {
  array weight, scales, biases;
};

Affine repacked(const GGUFFile& file, const Tensor& t) {
  Shape words = t.shape, groups = t.shape;
  words.back() = ShapeElem(size_t(words.back()) * size_t(t.type->bits) / 32);
  groups.back() /= ShapeElem(group);
  Affine out{with_memory(words, uint32), with_memory(groups, float16),
             with_memory(groups, float16)};
  auto* packed = out.weight.data<uint8_t>();
  auto *scales = out.scales.data<uint16_t>(), *biases = out.biases.data<uint16_t>();
  const uint8_t* from = blocks_of(file, t);
  const GGUFType& type = *t.type;
  const size_t packed_bytes = group * size_t(type.bits) / 8;
  cpu::parallel_for(t.nbytes / type.block_bytes, blocks_per_task, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      type.repack(from + i * type.block_bytes, packed + i * packed_bytes, scales[i], biases[i]);
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
  } else if (t.type->repack && !t.shape.empty()) {
    Affine affine = repacked(file, t);
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

// Writing

namespace {

/// What goes before the tensors' data.
class HeaderWriter {
 public:
  template <typename T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }

  void string(const std::string& text) {
    number(uint64_t(text.size()));
    bytes_ += text;
  }

  void entry(const std::string& key, const GGUFMetaData& value) {
    string(key);
    if (const auto* text = std::get_if<std::string>(&value)) {
      number<uint32_t>(gguf::string_value);
      string(*text);
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
      number<uint32_t>(gguf::array_value);
      number<uint32_t>(gguf::string_value);
      number(uint64_t(texts->size()));
      for (const std::string& t : *texts) string(t);
    } else if (const auto* numbers = std::get_if<array>(&value)) {
      entry(key, *numbers);
    } else {
      throw std::invalid_argument(fmt::format("[save_gguf] the metadata {} has no value", key));
    }
  }

  void tensor(const std::string& name, const array& a, size_t offset) {
    const GGUFType* type = find_gguf_type(a.dtype());
    if (!type) {
      throw std::invalid_argument(fmt::format("[save_gguf] GGUF has no type for tensor {} of {}",
                                              name, dtype_name(a.dtype())));
    }
    string(name);
    number(uint32_t(a.ndim()));
    for (size_t i = a.ndim(); i-- > 0;) number(uint64_t(a.shape()[i]));
    number(type->id);
    number(uint64_t(offset));
  }

  void pad(size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
  }

  const std::string& bytes() const { return bytes_; }

 private:
  void entry(const std::string& key, array a) {
    if (a.dtype() == float16 || a.dtype() == bfloat16) a = astype(a, float32);
    const std::optional<uint32_t> type = gguf::value_of_dtype(a.dtype());
    if (!type || a.ndim() > 1) {
      throw std::invalid_argument(
          fmt::format("[save_gguf] GGUF has no value for the metadata {} of shape {} and {}", key,
                      to_string(a.shape()), dtype_name(a.dtype())));
    }
    if (a.ndim() == 1) {
      number<uint32_t>(gguf::array_value);
      number(*type);
      number(uint64_t(a.size()));
    } else {
      number(*type);
    }
    a = contiguous(a);
    a.eval();
    bytes_.append(a.data<char>(), a.nbytes());
  }

  std::string bytes_;
};

size_t alignment_of(const std::map<std::string, GGUFMetaData>& metadata) {
  const auto found = metadata.find(gguf::alignment_key);
  if (found == metadata.end()) return gguf::default_alignment;
  const array* value = std::get_if<array>(&found->second);
  if (!value || value->dtype() != uint32 || value->ndim() != 0 ||
      !gguf::is_alignment(value->item<uint32_t>())) {
    throw std::invalid_argument(
        fmt::format("[save_gguf] {} must be a uint32, a multiple of 8 up to {}",
                    gguf::alignment_key, gguf::max_alignment));
  }
  return value->item<uint32_t>();
}

}  // namespace

void save_gguf(std::string file, std::unordered_map<std::string, array> arrays,
               std::unordered_map<std::string, GGUFMetaData> metadata) {
  if (!file.ends_with(".gguf")) file += ".gguf";
  std::map<std::string, array> tensors(std::make_move_iterator(arrays.begin()),
                                       std::make_move_iterator(arrays.end()));
  arrays.clear();
  const std::map<std::string, GGUFMetaData> entries(metadata.begin(), metadata.end());
  const size_t alignment = alignment_of(entries);
  const auto padded = [&](size_t n) { return (n + alignment - 1) / alignment * alignment; };

  HeaderWriter header;
  for (const char c : gguf::magic) header.number(c);
  header.number(gguf::version);
  header.number(uint64_t(tensors.size()));
  header.number(uint64_t(entries.size()));
  for (const auto& [key, value] : entries) header.entry(key, value);
  size_t offset = 0;
  for (const auto& [name, a] : tensors) {
    header.tensor(name, a, offset);
    offset += padded(a.nbytes());
  }
  header.pad(alignment);

  AtomicFile out(file);
  out.write(header.bytes().data(), header.bytes().size());
  const std::string zeros(alignment, '\0');
  for (auto& [name, a] : tensors) {
    array dense = contiguous(std::exchange(a, array(false)));
    dense.eval();
    out.write(dense.data<char>(), dense.nbytes());
    out.write(zeros.data(), padded(dense.nbytes()) - dense.nbytes());
  }
  out.commit();
}

}  // namespace quern
