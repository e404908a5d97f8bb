#include "engine/io/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "engine/graph/eval.h"
#include "engine/io/atomic_file.h"
#include "engine/io/mapped_file.h"
#include "engine/io/stored_array.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

using Json = nlohmann::json;

constexpr size_t max_header = 100'000'000;

struct StoredType {
  std::string_view name;
  Dtype dtype;
};

// The first row of a dtype is the one that is written.
constexpr std::array<StoredType, 17> stored_types = {{
    {"BOOL", bool_},
    {"U8", uint8},
    {"U16", uint16},
    {"U32", uint32},
    {"U64", uint64},
    {"I8", int8},
    {"I16", int16},
    {"I32", int32},
    {"I64", int64},
    {"F16", float16},
    {"BF16", bfloat16},
    {"F32", float32},
    {"F64", float64},
    {"C64", complex64},
    {"F8_E4M3", uint8},
    {"F8_E5M2", uint8},
    {"F8_E8M0", uint8},
}};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {}

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw std::runtime_error(fmt::format("[safetensors] {}: {}", path_.string(),
                                         fmt::format(text, std::forward<Args>(args)...)));
  }

  Json header(const char* data, size_t size, size_t& data_start) const {
    if (size < 8) fail("{} bytes are too few for a header; the file is cut off", size);
    uint64_t length = 0;
    std::memcpy(&length, data, 8);
    if (length > max_header)
      fail("the header claims {} bytes; at most {} are allowed", length, max_header);
    if (length > size - 8) {
      fail("the header claims {} bytes, but only {} follow; the file is cut off", length, size - 8);
    }
    data_start = 8 + size_t(length);
    const char* text = data + 8;
    Json json = Json::parse(text, text + length, nullptr, false);
    if (!json.is_object()) fail("the header of {} bytes is not a JSON object", length);
    return json;
  }

  SafetensorsFile::Tensor tensor(const std::string& name, const Json& entry, size_t data_start,
                                 size_t file_size) const {
    const auto field = [&](const char* key) -> const Json& {
      const auto found = entry.find(key);
      if (found == entry.end()) fail("tensor {} has no {}", name, key);
      return *found;
    };
    if (!entry.is_object()) fail("the entry of tensor {} is not an object", name);
    SafetensorsFile::Tensor t{};
    const Json& type = field("dtype");
    t.stored_type = type.is_string() ? type.get<std::string>() : type.dump();
    bool known = false;
    for (const StoredType& row : stored_types) {
      if (row.name != t.stored_type) continue;
      t.dtype = row.dtype;
      known = true;
    }
    if (!known) fail("tensor {} has the unknown dtype {}", name, t.stored_type);

    const Json& shape = field("shape");
    if (!shape.is_array()) fail("tensor {} has the shape {}", name, shape.dump());
    std::vector<uint64_t> lengths;
    for (const Json& length : shape) {
      lengths.push_back(length.is_number_unsigned() ? length.get<uint64_t>() : UINT64_MAX);
    }
    const std::optional<StoredShape> stored = stored_shape(lengths, t.dtype);
    if (!stored) fail("tensor {} has the shape {}, which no array can have", name, shape.dump());
    t.shape = stored->shape;

    const Json& offsets = field("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
      fail("tensor {} has the data_offsets {}", name, offsets.dump());
    }
    const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
    if (end < begin || end > file_size - data_start) {
      fail(
          "tensor {} claims bytes {} to {} of the data, but {} are there; the file is cut off or "
          "damaged",
          name, begin, end, file_size - data_start);
    }
    if (end - begin != stored->nbytes) {
      fail("tensor {} has {} bytes, but {} of shape {} needs {}", name, end - begin, t.stored_type,
           shape.dump(), stored->nbytes);
    }
    t.offset = data_start + size_t(begin);
    t.nbytes = size_t(stored->nbytes);
    return t;
  }

 private:
  const std::filesystem::path& path_;
};

std::string_view stored_name(Dtype dtype) {
  for (const StoredType& row : stored_types) {
    if (row.dtype == dtype) return row.name;
  }
  __builtin_unreachable();
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : SafetensorsFile(MappedFile(path), path) {}

SafetensorsFile::SafetensorsFile(const MappedFile& file, const std::filesystem::path& path)
    : SafetensorsFile(file.buffer(), file.size(), path) {}

SafetensorsFile::SafetensorsFile(std::shared_ptr<Buffer> buffer, size_t size,
                                 std::filesystem::path path)
    : path_(std::move(path)), buffer_(std::move(buffer)) {
  const Reader reader(path_);
  size_t data_start = 0;
  const auto* bytes = static_cast<const char*>(std::as_const(*buffer_).data());
  const Json header = reader.header(bytes, size, data_start);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (entry.is_null()) continue;
      if (!entry.is_object()) reader.fail("__metadata__ is not an object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) reader.fail("the metadata {} is not a string", key);
        metadata_[key] = value.get<std::string>();
      }
    } else {
      tensors_.emplace(name, reader.tensor(name, entry, data_start, size));
    }
  }
}

array SafetensorsFile::load(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw std::out_of_range(fmt::format("[safetensors] {} has no tensor {}", path_.string(), name));
  }
  const Tensor& t = found->second;
  return stored_array(buffer_, t.shape, t.dtype, t.offset);
}

namespace {

SafetensorsLoad load_all(const SafetensorsFile& opened) {
  SafetensorsLoad out;
  for (const auto& [name, tensor] : opened.tensors()) out.first.emplace(name, opened.load(name));
  out.second.insert(opened.metadata().begin(), opened.metadata().end());
  return out;
}

}  // namespace

SafetensorsLoad load_safetensors(const std::string& file, StreamOrDevice s) {
  const StreamContext context(s);
  return load_all(SafetensorsFile(file));
}

SafetensorsLoad load_safetensors(std::shared_ptr<io::Reader> in, StreamOrDevice s) {
  const StreamContext context(s);
  const ByteReader bytes = io::read_all(*in, "load_safetensors");
  return load_all(SafetensorsFile(bytes.buffer(), bytes.end(), in->label()));
}

SafetensorsWriter::SafetensorsWriter(ByteSink& out, const std::vector<Tensor>& tensors,
                                     const std::unordered_map<std::string, std::string>& metadata)
    : out_(out) {
  Json json = Json::object();
  json["__metadata__"] = metadata.empty() ? Json::object() : Json(metadata);
  size_t offset = 0;
  for (const auto& [name, dtype, shape] : tensors) {
    if (json.contains(name)) {
      throw std::invalid_argument(
          fmt::format("[save_safetensors] no tensor can be called {}, or not two", name));
    }
    const size_t end = offset + element_count(shape) * dtype.size();
    json[name] = {{"dtype", stored_name(dtype)},
                  {"shape", std::vector<int>(shape.begin(), shape.end())},
                  {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string header;
  try {
    header = json.dump();
  } catch (const Json::exception& error) {
    throw std::invalid_argument(
        fmt::format("[save_safetensors] names and metadata must be UTF-8 text: {}", error.what()));
  }
  header.append((8 - header.size() % 8) % 8, ' ');
  if (header.size() > max_header) {
    throw std::invalid_argument(
        fmt::format("[save_safetensors] the header has {} bytes; at most {} are allowed",
                    header.size(), max_header));
  }
  const uint64_t length = header.size();
  out_.write(&length, 8);
  out_.write(header.data(), header.size());
}

void SafetensorsWriter::write(const array& next) {
  array dense = contiguous(next);
  dense.eval();
  out_.write(dense.data<char>(), dense.nbytes());
}

namespace {

/// Writes and lets go of one array after the other.
void write_all(ByteSink& out, std::unordered_map<std::string, array> arrays,
               const std::unordered_map<std::string, std::string>& metadata) {
  std::vector<std::pair<std::string, array>> ordered(std::make_move_iterator(arrays.begin()),
                                                     std::make_move_iterator(arrays.end()));
  arrays.clear();
  // Widest elements first keeps every tensor aligned; the name decides among equals.
  std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return std::pair(-int(a.second.itemsize()), a.first) <
           std::pair(-int(b.second.itemsize()), b.first);
  });
  std::vector<SafetensorsWriter::Tensor> tensors;
  for (const auto& [name, a] : ordered) tensors.push_back({name, a.dtype(), a.shape()});
  SafetensorsWriter writer(out, tensors, metadata);
  for (auto& [name, a] : ordered) writer.write(std::exchange(a, array(false)));
}

}  // namespace

void save_safetensors(std::string file, std::unordered_map<std::string, array> arrays,
                      std::unordered_map<std::string, std::string> metadata) {
  if (!file.ends_with(".safetensors")) file += ".safetensors";
  AtomicFile out(file);
  write_all(out, std::move(arrays), metadata);
  out.commit();
}

void save_safetensors(std::shared_ptr<io::Writer> out,
                      std::unordered_map<std::string, array> arrays,
                      std::unordered_map<std::string, std::string> metadata) {
  io::WriterSink sink(*out, "save_safetensors");
  write_all(sink, std::move(arrays), metadata);
}

}  // namespace quern
