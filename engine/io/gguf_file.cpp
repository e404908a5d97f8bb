#include "engine/io/gguf_file.h"

#include <algorithm>
#include <array>

#include "engine/io/stored_array.h"

namespace quern {

namespace gguf {

namespace {
constexpr std::array<std::pair<Value, Dtype>, 11> numbers = {{
    {uint8_value, uint8},
    {int8_value, int8},
    {uint16_value, uint16},
    {int16_value, int16},
    {uint32_value, uint32},
    {int32_value, int32},
    {float32_value, float32},
    {bool_value, bool_},
    {uint64_value, uint64},
    {int64_value, int64},
    {float64_value, float64},
}};
}  // namespace

std::optional<Dtype> dtype_of_value(uint32_t type) {
  for (const auto& [value, dtype] : numbers) {
    if (value == type) return dtype;
  }
  return std::nullopt;
}

std::optional<uint32_t> value_of_dtype(Dtype dtype) {
  for (const auto& [value, of_value] : numbers) {
    if (of_value == dtype) return value;
  }
  return std::nullopt;
}

}  // namespace gguf

namespace {

constexpr int max_depth = 8;
constexpr uint32_t max_axes = 8;
constexpr uint64_t min_string = 8;   // its length
constexpr uint64_t min_entry = 13;   // an empty key, a type and one byte
constexpr uint64_t min_tensor = 24;  // an empty name, no axes, type and offset

}  // namespace

GGUFFile::GGUFFile(ByteReader file) : file_(std::move(file)) {
  if (file_.left() < 4 || file_.take(4, "the magic") != gguf::magic) {
    file_.fail("this is not a GGUF file: it does not begin with GGUF");
  }
  const auto version = file_.number<uint32_t>("the version");
  if (version == __builtin_bswap32(gguf::version)) file_.fail("the file is big-endian");
  if (version < 2 || version > gguf::version) {
    file_.fail("the version is {}; 2 and 3 are known", version);
  }
  const auto tensors = file_.number<uint64_t>("the number of tensors");
  const auto entries = file_.number<uint64_t>("the number of metadata entries");
  if (tensors > file_.left() / min_tensor || entries > file_.left() / min_entry) {
    file_.fail("{} tensors and {} metadata entries do not fit into {} bytes", tensors, entries,
               file_.left());
  }
  for (uint64_t i = 0; i < entries; ++i) {
    const std::string key = string("a metadata key");
    const auto type = file_.number<uint32_t>("a metadata type");
    if (!metadata_.emplace(key, value(type, key)).second) {
      file_.fail("the metadata {} is there twice", key);
    }
  }
  for (uint64_t i = 0; i < tensors; ++i) {
    const std::string name = string("a tensor's name");
    if (!tensors_.emplace(name, tensor(name)).second) file_.fail("tensor {} is there twice", name);
  }

  const size_t alignment = read_alignment();
  const size_t start = (file_.position() + alignment - 1) / alignment * alignment;
  for (auto& [name, t] : tensors_) {
    if (t.offset % alignment != 0) {
      file_.fail("tensor {} begins at {}, which is no multiple of the alignment {}", name, t.offset,
                 alignment);
    }
    // Of no bytes, at the very end of a file that was not padded, is fine.
    const size_t there = file_.end() - std::min(file_.end(), start);
    if (t.offset > there || t.nbytes > there - t.offset) {
      if (t.nbytes != 0) {
        file_.fail(
            "tensor {} claims bytes {} to {} of the data, but {} are there; the file is cut off or "
            "damaged",
            name, t.offset, t.offset + t.nbytes, there);
      }
      t.offset = 0;
      continue;
    }
    t.offset += start;
  }
}

std::string GGUFFile::string(const char* what) {
  const auto length = file_.number<uint64_t>(what);
  return std::string(file_.take(length, what));
}

GGUFMetaData GGUFFile::value(uint32_t type, const std::string& key) {
  if (type == gguf::string_value) return string("a metadata string");
  if (type == gguf::array_value) return list(key);
  const std::optional<Dtype> dtype = gguf::dtype_of_value(type);
  if (!dtype) file_.fail("the metadata {} has the unknown type {}", key, type);
  return numbers({}, *dtype, file_.take(dtype->size(), "a metadata value"), key);
}

GGUFMetaData GGUFFile::list(const std::string& key) {
  const auto type = file_.number<uint32_t>("a metadata array's type");
  const auto count = file_.number<uint64_t>("a metadata array's length");
  if (type == gguf::array_value) {
    skip(type, count, 1, key);
    return std::monostate();
  }
  if (type == gguf::string_value) {
    if (count > file_.left() / min_string) {
      file_.fail("the metadata {} claims {} strings in {} bytes", key, count, file_.left());
    }
    std::vector<std::string> strings;
    for (uint64_t i = 0; i < count; ++i) strings.push_back(string("a metadata string"));
    return strings;
  }
  const std::optional<Dtype> dtype = gguf::dtype_of_value(type);
  if (!dtype) file_.fail("the metadata {} is an array of the unknown type {}", key, type);
  const std::optional<StoredShape> stored = stored_shape({count}, *dtype);
  if (!stored) file_.fail("the metadata {} has {} elements", key, count);
  return numbers(stored->shape, *dtype, file_.take(stored->nbytes, "a metadata array"), key);
}

array GGUFFile::numbers(Shape shape, Dtype dtype, std::string_view bytes,
                        const std::string& key) const {
  if (dtype == bool_) {
    for (const char c : bytes) {
      if (uint8_t(c) > 1) file_.fail("the metadata {} has the truth value {}", key, uint8_t(c));
    }
  }
  const auto buffer = Buffer::allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer->data(), bytes.data(), bytes.size());
  return array(buffer, std::move(shape), dtype);
}

/// Passes over an array's elements.
void GGUFFile::skip(uint32_t type, uint64_t count, int depth, const std::string& key) {
  if (const std::optional<Dtype> dtype = gguf::dtype_of_value(type)) {
    if (count > file_.left()) file_.fail("the metadata {} has {} elements", key, count);
    file_.take(count * dtype->size(), "a metadata array");
    return;
  }
  if (type != gguf::string_value && type != gguf::array_value) {
    file_.fail("the metadata {} is an array of the unknown type {}", key, type);
  }
  if (depth == max_depth) file_.fail("the metadata {} nests deeper than {} arrays", key, max_depth);
  for (uint64_t i = 0; i < count; ++i) {
    if (type == gguf::string_value) {
      file_.take(file_.number<uint64_t>("a metadata string"), "a metadata string");
    } else {
      const auto inner = file_.number<uint32_t>("a metadata array's type");
      skip(inner, file_.number<uint64_t>("a metadata array's length"), depth + 1, key);
    }
  }
}

size_t GGUFFile::read_alignment() const {
  const auto found = metadata_.find(gguf::alignment_key);
  if (found == metadata_.end()) return gguf::default_alignment;
  const array* value = std::get_if<array>(&found->second);
  if (!value || value->dtype() != uint32 || value->ndim() != 0) {
    file_.fail("{} is not a uint32", gguf::alignment_key);
  }
  const auto alignment = value->item<uint32_t>();
  if (!gguf::is_alignment(alignment)) {
    file_.fail("{} is {}, which is no multiple of 8 up to {}", gguf::alignment_key, alignment,
               gguf::max_alignment);
  }
  return alignment;
}

GGUFFile::Tensor GGUFFile::tensor(const std::string& name) {
  const auto axes = file_.number<uint32_t>("a tensor's number of axes");
  if (axes > max_axes)
    file_.fail("tensor {} has {} axes; at most {} are possible", name, axes, max_axes);
  std::vector<uint64_t> lengths(axes);
  for (size_t i = axes; i-- > 0;) lengths[i] = file_.number<uint64_t>("a tensor's shape");
  const auto id = file_.number<uint32_t>("a tensor's type");
  const auto offset = file_.number<uint64_t>("a tensor's place");
  const GGUFType* type = find_gguf_type(id);
  if (!type) file_.fail("tensor {} has the unknown type {}", name, id);

  // As bytes of the decoded array; the stored ones are fewer, or as many.
  const std::optional<StoredShape> stored = stored_shape(lengths, type->dtype.value_or(float16));
  if (!stored) file_.fail("tensor {} has the shape ({})", name, fmt::join(lengths, ", "));
  const uint64_t row = lengths.empty() ? 1 : lengths.back();
  if (row % type->block_elements != 0) {
    file_.fail(
        "tensor {} has rows of {} elements, which are no multiple of the {} in a block of {}", name,
        row, type->block_elements, type->name);
  }
  Tensor t{type, stored->shape, size_t(offset), 0};
  t.nbytes = size_t(stored->nbytes / type->dtype.value_or(float16).size() / type->block_elements *
                    type->block_bytes);
  return t;
}

}  // namespace quern
