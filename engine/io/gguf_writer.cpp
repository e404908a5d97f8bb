#include "engine/io/gguf_writer.h"

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/io/gguf_file.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"

namespace quern {

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

  void tensor(const GGUFWriter::Tensor& t, size_t offset) {
    string(t.name);
    number(uint32_t(t.shape.size()));
    for (size_t i = t.shape.size(); i-- > 0;) number(uint64_t(t.shape[i]));
    number(t.type->id);
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

size_t padded(size_t n, size_t alignment) { return (n + alignment - 1) / alignment * alignment; }

}  // namespace

size_t GGUFWriter::Tensor::nbytes() const {
  return element_count(shape) / type->block_elements * type->block_bytes;
}

GGUFWriter::GGUFWriter(const std::filesystem::path& file,
                       const std::map<std::string, GGUFMetaData>& metadata,
                       std::vector<Tensor> tensors)
    : tensors_(std::move(tensors)), alignment_(alignment_of(metadata)), out_(file) {
  HeaderWriter header;
  for (const char c : gguf::magic) header.number(c);
  header.number(gguf::version);
  header.number(uint64_t(tensors_.size()));
  header.number(uint64_t(metadata.size()));
  for (const auto& [key, value] : metadata) header.entry(key, value);
  size_t offset = 0;
  for (const Tensor& t : tensors_) {
    header.tensor(t, offset);
    offset += padded(t.nbytes(), alignment_);
  }
  header.pad(alignment_);
  out_.write(header.bytes().data(), header.bytes().size());
}

void GGUFWriter::write(const void* bytes) {
  const size_t n = tensors_.at(next_).nbytes();
  out_.write(bytes, n);
  const std::string zeros(padded(n, alignment_) - n, '\0');
  out_.write(zeros.data(), zeros.size());
  ++next_;
}

void GGUFWriter::commit() {
  if (next_ != tensors_.size()) {
    throw std::logic_error(
        fmt::format("[gguf] {} of {} tensors were written", next_, tensors_.size()));
  }
  out_.commit();
}

}  // namespace quern
